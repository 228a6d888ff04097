package feature

import (
	"fmt"
	"strings"

	"github.com/seatbeat/seatbeat/actors/internal/script"
	"github.com/seatbeat/seatbeat/actors/protocol"
)

// describe prints an effect of a feature for scripts.
func describe(e protocol.Effect) string {
	switch e := e.(type) {
	case protocol.Publish:
		return "publish " + script.DescribeEvent(e.Event)
	case Ready:
		return "ready"
	case Queued:
		return "queued: " + e.Partial.Error()
	case End:
		return "end: " + e.Err.Error()
	case protocol.TakeSeat:
		return describeTake(e)
	case protocol.Release:
		return describeRelease(e)
	case BeatNow:
		return fmt.Sprintf("beat %s now", e.Connection.Server())
	case QueryHoldings:
		return fmt.Sprintf("ask what %s holds", e.Connection.Server())
	case protocol.Answer:
		return "answer the call"
	case *protocol.GaveUp:
		return fmt.Sprintf("gave up %s at %s: %d failed, %s", e.Feature, e.Connection.Server(), e.Failed, e.Cause)
	default:
		return fmt.Sprintf("%T", e)
	}
}

func describeTake(e protocol.TakeSeat) string {
	whom := string(e.Address)
	if e.Connection != nil {
		whom = "origin " + e.Connection.Server().String()
	}
	switch e.Mode {
	case protocol.FirstMode:
		return fmt.Sprintf("take %d: ask %s within %s", e.Take, whom, e.Timeout)
	case protocol.RoundMode:
		return fmt.Sprintf("take %d: ask %s in the round within %s", e.Take, whom, e.Timeout)
	case protocol.WaitMode:
		return fmt.Sprintf("take %d: wait in the queue at %s", e.Take, whom)
	default:
		return fmt.Sprintf("take %d: ask %s until answered", e.Take, whom)
	}
}

func describeRelease(e protocol.Release) string {
	var b strings.Builder
	fmt.Fprintf(&b, "release takes up to %d", e.UpTo)
	switch {
	case e.Except == nil:
		b.WriteString(" and every lease")
	case e.Held == 0:
		fmt.Fprintf(&b, " and every lease, %s stays the origin", e.Except.Server())
	default:
		fmt.Fprintf(&b, " and every lease but that of take %d at %s", e.Held, e.Except.Server())
	}
	if e.Reply != nil {
		fmt.Fprintf(&b, ", %s answers the call", e.Origin.Server())
	}
	return b.String()
}
