package connection

import (
	"fmt"
	"strings"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// describe prints an effect of a connection; calls to the server with their number.
func (w *harness) describe(e protocol.Effect) string {
	switch e := e.(type) {
	case Connect:
		return fmt.Sprintf("#%d connect %s%s within %s each", e.Seq, e.Addresses, script.Prefixed(" for ", e.ServerID), e.Timeout)
	case SendBeat:
		return fmt.Sprintf("#%d beat [%s] within %s over %s", e.Seq, leaseNames(e.Leases), rounded(e.Timeout), e.Session)
	case Checkout:
		return fmt.Sprintf("#%d checkout %s within %s over %s", e.Seq, w.takes(e.Takes), e.Timeout, e.Session)
	case CheckinAll:
		return fmt.Sprintf("#%d checkin %s within %s over %s", e.Seq, w.returns(e.Returns), e.Timeout, e.Session)
	case CloseSession:
		return fmt.Sprintf("close %s", e.Session)
	case protocol.Tell:
		return w.told([]*protocol.Member{e.To}, e.In)
	case protocol.TellAll:
		return w.told(e.To, e.In)
	case protocol.Publish:
		return "publish " + script.DescribeEvent(e.Event)
	case protocol.WakeAt:
		if e.At == (protocol.Instant{}) {
			return "wake never"
		}
		return fmt.Sprintf("wake in %s", rounded(e.At.Mono-w.now.Mono))
	default:
		return w.describeRest(e)
	}
}

func (w *harness) describeRest(e protocol.Effect) string {
	switch e := e.(type) {
	case BeatEvery:
		return fmt.Sprintf("beat every %s", e.Interval)
	case HoldBeats:
		return fmt.Sprintf("no beat for %s", e.Pause)
	case protocol.Identify:
		return fmt.Sprintf("identify %s at %s over %s", e.Dialled.Hello.Identity, e.Dialled.Address, e.Dialled.Session)
	case protocol.OtherServerFound:
		return w.describeOtherServer(e)
	case protocol.Forward:
		return fmt.Sprintf("forward to %s: %s", w.refName(e.To), describeOrder(e.In))
	case protocol.CountOutage:
		return w.describeOutage(e)
	case protocol.Drained:
		return "drained"
	case protocol.Warn:
		return fmt.Sprintf("warn: %s %v", e.Text, e.Args)
	default:
		return fmt.Sprintf("%T", e)
	}
}

func (w *harness) describeOutage(e protocol.CountOutage) string {
	if e.Seen.DownAt == (protocol.Instant{}) {
		return fmt.Sprintf("count %s", e.Seen.Identity)
	}
	return fmt.Sprintf("count %s, down since %s", e.Seen.Identity, rounded(e.Seen.DownAt.Mono))
}

func (w *harness) describeOtherServer(e protocol.OtherServerFound) string {
	text := fmt.Sprintf("other server %s at %s", e.Dialled.Hello.Identity, e.Dialled.Address)
	if e.Dialled.Session == nil {
		text += ", told of before"
	} else {
		text += fmt.Sprintf(" over %s", e.Dialled.Session)
	}
	for _, d := range e.Dialled.Returns {
		text += fmt.Sprintf(", is owed %s", w.request(d.Request))
	}
	if e.Move {
		text += ", the features follow"
	}
	return text
}

func (w *harness) takes(takes []transport.Take) string {
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

func (w *harness) returns(returns []transport.Return) string {
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

// told prints an input for features; nothing if there is no feature.
func (w *harness) told(to []*protocol.Member, in protocol.Input) string {
	if len(to) == 0 {
		return ""
	}
	var names []string
	for _, f := range to {
		names = append(names, fmt.Sprintf("f%d", f.ID()))
	}
	return fmt.Sprintf("tell %s: %s%s", strings.Join(names, " "), script.Name(in), w.details(in))
}

func (w *harness) details(in protocol.Input) string {
	switch in := in.(type) {
	case *protocol.SeatGranted:
		return fmt.Sprintf(" take %d at %s", in.Take, in.Server) + script.Prefixed(" ", script.Flagged(in.Local, "local")) + script.Prefixed(" ", script.Flagged(in.Overdraft, "overdraft"))
	case *protocol.SeatRefused:
		return fmt.Sprintf(" take %d by %s: %s", in.Take, in.Server, in.Reason)
	case *protocol.SeatUnanswered:
		text := fmt.Sprintf(" take %d by %s: %s, %s", in.Take, in.Server, in.Reason, in.Cause)
		if in.RetryAfter > 0 {
			text += fmt.Sprintf(", retry after %s", rounded(in.RetryAfter))
		}
		return text + script.Prefixed(", ", script.Flagged(in.Reached, "reached"))
	case *protocol.HeartbeatFailed:
		return fmt.Sprintf(" %d, others %s", in.Failed, in.Others)
	case *protocol.LeaseEnded:
		return fmt.Sprintf(" %s at %s", in.Reason, w.refName(in.Connection))
	case *protocol.OriginReplaced:
		return fmt.Sprintf(" by %s", w.refName(in.By))
	default:
		return ""
	}
}

// refName returns what the script calls a connection.
func (w *harness) refName(l *protocol.ConnectionRef) string {
	for name, link := range w.refs {
		if link == l {
			return string(name)
		}
	}
	return "nobody"
}

func describeOrder(in any) string {
	switch in := in.(type) {
	case *protocol.TakeOrder:
		return fmt.Sprintf("take %d of f%d", in.Take, in.Member.ID())
	case *protocol.ReleaseOrder:
		return fmt.Sprintf("release of f%d", in.Member.ID())
	case *protocol.BeatOrder:
		return fmt.Sprintf("beat of f%d", in.Member.ID())
	default:
		return script.Name(in)
	}
}
