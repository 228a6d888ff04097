package mailbox

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A letter for as long as the message waits; neither the turn nor the dispatcher's queue.
func TestAMessageToAnIdleActorCostsOneAllocation(t *testing.T) {
	var c countdown
	m, turns := new(mailbox), NewDispatcher(1)
	m.RegisterHandlers(&c, turns)
	turns.workers = turns.limit // the test takes the turns
	assert.Equal(t, 1, int(testing.AllocsPerRun(100, func() {
		c.done.Add(1)
		m.PostUserMessage("hello")
		turn, _ := turns.queue.Pop()
		turn.takeTurn()
	})))
}
