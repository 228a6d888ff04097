package actors

import (
	"fmt"
	"strings"
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
