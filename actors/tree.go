package actors

import (
	"context"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/directory"
	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/mailbox"
	"github.com/seatbeat/seatbeat/messages"
)

// Tree is the actors of one runtime and the parts that they share. Its exported methods are safe for concurrent use.
type Tree struct {
	settings protocol.Settings
	host     Host
	clock    clock

	calls       *calls  // under way to servers and to the outage store
	replies     replies // replies of running calls of the application
	features    registry
	entrance    *entrance // adds features
	connections connections
	dispatcher  *mailbox.Dispatcher
	runtime     *actor.PID
	counter     *actor.PID // nil: outages are not counted

	closing  atomic.Bool                    // Close was called
	draining atomic.Pointer[protocol.Reply] // answered when all returns are done; nil until Close waits for them
}

// States counts the checkouts that have not ended, by state.
func (t *Tree) States() [messages.States]int { return t.features.states() }

// Connections returns all connections, in the order in which they were made.
func (t *Tree) Connections() []*protocol.ConnectionRef { return t.connections.list() }

// Close ends every feature, returns all seats until ctx ends, and stops the actors. When it returns, no goroutine, timer
// or session of the runtime is left. It returns the cause of ctx if seats were not returned by then.
func (t *Tree) Close(ctx context.Context) error {
	t.closing.Store(true)
	t.send(t.runtime, &directory.Closing{})
	features, ended := t.entrance.close()
	t.tellAll(features, &protocol.Closed{})
	err := t.drain(ctx, ended)
	_ = t.flushOutages(ctx) // a store that fails or hangs has been logged, and no seat depends on it
	t.stop()
	return err
}

// drain waits until all features have ended, and after that until no connection has a return left.
func (t *Tree) drain(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r := protocol.NewReply()
	t.draining.Store(r)
	return t.ask(ctx, t.runtime, &directory.DrainAll{Reply: r}, r)
}

// stop stops everything. Calls end first, so that their last messages find their actors. Features end by themselves, and
// tell the runtime's actor, which must be there until they have.
func (t *Tree) stop() {
	t.calls.stop()
	t.dispatcher.Wait()
	if t.counter != nil {
		_ = t.host.System.Root.StopFuture(t.counter).Wait()
	}
	_ = t.host.System.Root.StopFuture(t.runtime).Wait()
	t.calls.sessions.closeAll() // sessions that were opened since
}

// flushOutages waits until the outage store has everything, or returns the cause of ctx. A short-lived program would
// otherwise end before its outages are stored.
func (t *Tree) flushOutages(ctx context.Context) error {
	if t.counter == nil {
		return nil
	}
	r := protocol.NewReply()
	return t.ask(ctx, t.counter, &outage.Flush{Reply: r}, r)
}

// send puts a message into an actor's mailbox. It never blocks.
func (t *Tree) send(to *actor.PID, message any) { t.host.System.Root.Send(to, message) }

// ask sends a message that carries the reply, and waits for the answer or until ctx ends.
func (t *Tree) ask(ctx context.Context, to *actor.PID, message any, r *protocol.Reply) error {
	t.send(to, message)
	select {
	case err := <-r.Answered():
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *Tree) tellAll(features []*Feature, in protocol.Input) {
	for _, f := range features {
		t.send(f.PID, in)
	}
}

// askAgain makes every feature repeat its request, after a restart that may have lost requests.
func (t *Tree) askAgain() { t.tellAll(t.entrance.list(), &protocol.AskAgain{}) }

// props returns how to spawn an actor.
func (t *Tree) props(produce actor.Producer, more ...actor.PropsOption) *actor.Props {
	options := []actor.PropsOption{
		actor.WithDispatcher(t.dispatcher), actor.WithMailbox(mailbox.New), actor.WithSupervisor(restarter{t}),
	}
	return actor.PropsFromProducer(produce, append(options, more...)...)
}

// busyProps spawns the few actors that all features send to. Their turns are longer, so that they keep up with the
// answers of a whole burst.
func (t *Tree) busyProps(produce actor.Producer) *actor.Props {
	return t.props(produce, actor.WithDispatcher(t.dispatcher.LongTurns(2*tellsAtOnce)))
}
