package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/actors/protocol"
)

func TestFailuresAreForgottenWhenTheyLeaveTheWindow(t *testing.T) {
	var p panics
	for _, c := range []struct {
		at   time.Duration
		want int
	}{
		{0, 1}, {10, 2}, {59, 3}, {60, 3}, {69, 4}, {70, 4}, {1000, 1},
	} {
		n := p.count(protocol.Instant{Mono: c.at * time.Second}, time.Minute)
		assert.Equal(t, c.want, n, "at %d s", c.at)
	}
	assert.Len(t, p.at, 1, "what is forgotten takes no memory")
}
