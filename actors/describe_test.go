package actors

import (
	"fmt"
	"strings"

	"github.com/seatbeat/seatbeat/messages"
)

// describe prints an effect of a feature for scripts.
func describe(e Effect) string {
	switch e := e.(type) {
	case publish:
		return "publish " + describeEvent(e.event)
	case ready:
		return "ready"
	case queued:
		return "in line: " + e.partial.Error()
	case end:
		return "end: " + e.err.Error()
	case takeSeat:
		return describeTake(e)
	case release:
		return describeLeave(e)
	case beatNow:
		return fmt.Sprintf("beat %s now", e.connection.Server())
	case queryHoldings:
		return fmt.Sprintf("ask what %s holds", e.connection.Server())
	case answer:
		return "answer the call"
	case *gaveUp:
		return fmt.Sprintf("gave up %s at %s: %d failed, %s", e.feature, e.connection.Server(), e.failed, e.cause)
	default:
		return fmt.Sprintf("%T", e)
	}
}

func describeTake(e takeSeat) string {
	whom := string(e.address)
	if e.connection != nil {
		whom = "origin " + e.connection.Server().String()
	}
	switch e.mode {
	case firstMode:
		return fmt.Sprintf("take %d: ask %s within %s", e.take, whom, e.timeout)
	case roundMode:
		return fmt.Sprintf("take %d: ask %s in the round within %s", e.take, whom, e.timeout)
	case waitMode:
		return fmt.Sprintf("take %d: wait in line at %s", e.take, whom)
	default:
		return fmt.Sprintf("take %d: ask %s until answered", e.take, whom)
	}
}

func describeLeave(e release) string {
	var b strings.Builder
	fmt.Fprintf(&b, "release takes up to %d", e.upTo)
	switch {
	case e.except == nil:
		b.WriteString(" and every lease")
	case e.held == 0:
		fmt.Fprintf(&b, " and every lease, %s stays the origin", e.except.Server())
	default:
		fmt.Fprintf(&b, " and every lease but that of take %d at %s", e.held, e.except.Server())
	}
	if e.reply != nil {
		fmt.Fprintf(&b, ", %s answers the call", e.origin.Server())
	}
	return b.String()
}

// describeEvent prints an event as its name and what tells it apart.
func describeEvent(e messages.Event) string {
	var words []any
	switch e := e.(type) {
	case messages.CheckedOut:
		words = []any{claimed(e.Claim), e.Server, flagged(e.Local, "local"), flagged(e.Overdraft, "overdraft")}
	case messages.RetryingFeature:
		words = []any{claimed(e.Claim), e.Server}
	case messages.CheckoutSucceeded:
		words = []any{claimed(e.Claim), e.Server, flagged(e.Resumed, "resumed"), flagged(e.Overdraft, "overdraft")}
	case messages.CheckoutFailed:
		words = []any{claimed(e.Claim), e.Server, e.Reason}
	case messages.FailedOver:
		words = []any{claimed(e.Claim), e.From, "to", e.To}
	case messages.LicenseLost:
		words = []any{claimed(e.Claim), e.Server, e.State, e.Reason}
	case messages.FeatureRestarted:
		words = []any{claimed(e.Claim), e.Cause}
	case messages.CheckedIn:
		words = []any{claimed(e.Claim), e.Server}
	case messages.ConnectionLost:
		words = []any{e.Server, e.Failed, "features", e.Features, "cause", e.Cause}
	case messages.ServerRestarted:
		words = []any{e.Server, e.Old, "to", e.New}
	case messages.ServerReplaced:
		words = []any{e.Server, e.Old, "to", e.New}
	case messages.LeaseAtRisk:
		words = []any{e.Server, "features", e.Features, "age", e.Age, "of", e.Timeout}
	}
	text := strings.TrimSpace(strings.ReplaceAll(fmt.Sprintln(words...), "  ", " "))
	return messages.Name(e) + "{" + strings.TrimSpace(text) + "}"
}

func claimed(c messages.Claim) string { return fmt.Sprintf("%s x%d", c.Feature, c.Count) }

func flagged(is bool, name string) string {
	if is {
		return name
	}
	return ""
}
