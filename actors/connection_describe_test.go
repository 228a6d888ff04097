package actors

import (
	"fmt"
	"strings"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// describe prints an effect of a connection; exchanges with their number.
func (w *tie) describe(e Effect) string {
	switch e := e.(type) {
	case connect:
		return fmt.Sprintf("#%d connect %s%s within %s each", e.seq, e.addresses, prefixed(" for ", e.serverID), e.timeout)
	case sendBeat:
		return fmt.Sprintf("#%d beat [%s] within %s over %s", e.seq, leaseNames(e.leases), rounded(e.timeout), e.session)
	case checkout:
		return fmt.Sprintf("#%d checkout %s within %s over %s", e.seq, w.takes(e.takes), e.timeout, e.session)
	case checkinAll:
		return fmt.Sprintf("#%d checkin %s within %s over %s", e.seq, w.returns(e.returns), e.timeout, e.session)
	case closeSession:
		return fmt.Sprintf("close %s", e.session)
	case tell:
		return w.told([]*Member{e.to}, e.in)
	case tellAll:
		return w.told(e.to, e.in)
	case publish:
		return "publish " + describeEvent(e.event)
	case wakeAt:
		if e.at == (Instant{}) {
			return "wake never"
		}
		return fmt.Sprintf("wake in %s", rounded(e.at.mono-w.now.mono))
	default:
		return w.describeRest(e)
	}
}

func (w *tie) describeRest(e Effect) string {
	switch e := e.(type) {
	case beatEvery:
		return fmt.Sprintf("beat every %s", e.interval)
	case holdBeats:
		return fmt.Sprintf("no beat for %s", e.pause)
	case identify:
		return fmt.Sprintf("identify %s at %s over %s", e.dialled.hello.Identity, e.dialled.address, e.dialled.session)
	case otherServerFound:
		return w.describeStranger(e)
	case forward:
		return fmt.Sprintf("forward to %s: %s", w.linkName(e.to), describeOrder(e.in))
	case countOutage:
		return w.describeOutage(e)
	case drained:
		return "drained"
	case warn:
		return fmt.Sprintf("warn: %s %v", e.text, e.args)
	default:
		return fmt.Sprintf("%T", e)
	}
}

func (w *tie) describeOutage(e countOutage) string {
	if e.seen.downAt == (Instant{}) {
		return fmt.Sprintf("count %s", e.seen.identity)
	}
	return fmt.Sprintf("count %s, down since %s", e.seen.identity, rounded(e.seen.downAt.mono))
}

func (w *tie) describeStranger(e otherServerFound) string {
	text := fmt.Sprintf("other server %s at %s", e.dialled.hello.Identity, e.dialled.address)
	if e.dialled.session == nil {
		text += ", told of before"
	} else {
		text += fmt.Sprintf(" over %s", e.dialled.session)
	}
	for _, d := range e.dialled.returns {
		text += fmt.Sprintf(", is owed %s", w.request(d.Request))
	}
	if e.move {
		text += ", the features follow"
	}
	return text
}

func (w *tie) takes(takes []transport.Take) string {
	var texts []string
	for _, t := range takes {
		text := fmt.Sprintf("%s %s %s x%d", w.request(t.Request), t.Feature, t.Version, t.Count)
		if t.Exact {
			text += " exactly"
		}
		if t.Wait > 0 {
			text += fmt.Sprintf(" waiting %s", t.Wait)
		}
		for i, r := range t.Replaces {
			text += [...]string{" replaces ", " "}[min(i, 1)] + w.request(r)
		}
		texts = append(texts, text)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func (w *tie) returns(returns []transport.Return) string {
	var names []string
	for _, r := range returns {
		names = append(names, w.request(r.Request))
	}
	return "[" + strings.Join(names, " ") + "]"
}

func leaseNames(leases []messages.LeaseID) string {
	var names []string
	for _, id := range leases {
		names = append(names, leaseName(id))
	}
	return strings.Join(names, " ")
}

// told prints an input for features; one for nobody is nothing.
func (w *tie) told(to []*Member, in Input) string {
	if len(to) == 0 {
		return ""
	}
	var names []string
	for _, f := range to {
		names = append(names, fmt.Sprintf("f%d", f.ID()))
	}
	return fmt.Sprintf("tell %s: %s%s", strings.Join(names, " "), inputName(in), w.details(in))
}

func (w *tie) details(in Input) string {
	switch in := in.(type) {
	case *seatGranted:
		return fmt.Sprintf(" take %d at %s", in.take, in.server) + prefixed(" ", flagged(in.local, "local")) + prefixed(" ", flagged(in.overdraft, "overdraft"))
	case *seatRefused:
		return fmt.Sprintf(" take %d by %s: %s", in.take, in.server, in.reason)
	case *seatUnanswered:
		text := fmt.Sprintf(" take %d by %s: %s, %s", in.take, in.server, in.reason, in.cause)
		if in.retryAfter > 0 {
			text += fmt.Sprintf(", retry after %s", rounded(in.retryAfter))
		}
		return text + prefixed(", ", flagged(in.reached, "reached"))
	case *heartbeatFailed:
		return fmt.Sprintf(" %d, others %s", in.failed, in.others)
	case *leaseEnded:
		return fmt.Sprintf(" %s at %s", in.reason, w.linkName(in.connection))
	case *originReplaced:
		return fmt.Sprintf(" by %s", w.linkName(in.by))
	default:
		return ""
	}
}

// linkName returns what the script calls a connection.
func (w *tie) linkName(l *ConnectionRef) string {
	for name, link := range w.links {
		if link == l {
			return string(name)
		}
	}
	return "nobody"
}

func describeOrder(in any) string {
	switch in := in.(type) {
	case *takeOrder:
		return fmt.Sprintf("take %d of f%d", in.take, in.member.ID())
	case *releaseOrder:
		return fmt.Sprintf("release of f%d", in.member.ID())
	case *beatOrder:
		return fmt.Sprintf("beat of f%d", in.member.ID())
	default:
		return inputName(in)
	}
}
