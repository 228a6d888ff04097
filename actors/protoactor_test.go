package actors

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/mailbox"
)

// The tests of this file pin down what we rely on in protoactor, or work around: they fail when an upgrade changes it.
// Where the mailbox matters they run with protoactor's own mailbox and with ours.

// probe runs test in a bubble with an actor system of its own.
func probe(t *testing.T, test func(t *testing.T, system *actor.ActorSystem)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(slog.DiscardHandler)
		}))
		test(t, system)
		synctest.Wait()
		system.Shutdown()
		time.Sleep(2 * system.Config.DeadLetterThrottleInterval) // its throttle is a goroutine
	})
}

// probeMailboxes runs test with each kind of mailbox.
func probeMailboxes(t *testing.T, test func(t *testing.T, system *actor.ActorSystem, mailbox actor.PropsOption)) {
	t.Helper()
	for name, options := range map[string][]actor.PropsOption{
		"its own mailbox":            {actor.WithMailbox(actor.Unbounded())},
		"our mailbox":                {actor.WithMailbox(mailbox.New)},
		"our mailbox and dispatcher": {actor.WithMailbox(mailbox.New), actor.WithDispatcher(mailbox.NewDispatcher(0))},
	} {
		t.Run(name, func(t *testing.T) {
			probe(t, func(t *testing.T, system *actor.ActorSystem) {
				test(t, system, func(props *actor.Props) { props.Configure(options...) })
			})
		})
	}
}

// journal notes what its actors are given, with the number of the instance. "boom" makes one panic, a channel makes it
// wait until the channel is closed.
type journal struct {
	lines     []string
	instances int
}

func (j *journal) props(options ...actor.PropsOption) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor {
		j.instances++
		instance := j.instances
		return actor.ReceiveFunc(func(c actor.Context) { j.receive(c, instance) })
	}, options...)
}

func (j *journal) receive(c actor.Context, instance int) {
	switch m := c.Message().(type) {
	case string:
		j.lines = append(j.lines, fmt.Sprintf("%d:%s", instance, m))
		if m == "boom" {
			panic(m)
		}
	case chan struct{}:
		<-m
	default:
		j.lines = append(j.lines, fmt.Sprintf("%d:%T", instance, m))
	}
}

// queue sends the messages such that all of them wait in the mailbox before the first is handled.
func queue(system *actor.ActorSystem, pid *actor.PID, messages ...any) {
	gate := make(chan struct{})
	system.Root.Send(pid, gate)
	for _, m := range messages {
		system.Root.Send(pid, m)
	}
	close(gate)
}

// deadLetters counts the dead letters of the system; read the count after synctest.Wait.
func deadLetters(system *actor.ActorSystem) *int {
	n := new(int)
	system.EventStream.Subscribe(func(event any) {
		if _, ok := event.(*actor.DeadLetterEvent); ok {
			*n++
		}
	})
	return n
}

func TestProtoactorRestartLosesMessageAndStateButNotTheQueue(t *testing.T) {
	probeMailboxes(t, func(t *testing.T, system *actor.ActorSystem, mailbox actor.PropsOption) {
		var j journal
		queue(system, system.Root.Spawn(j.props(mailbox)), "a", "boom", "b")
		synctest.Wait()
		assert.Equal(t, []string{"1:*actor.Started", "1:a", "1:boom", "1:*actor.Restarting", "2:*actor.Started", "2:b"}, j.lines)
	})
}

func TestProtoactorStopDropsTheQueueSilently(t *testing.T) {
	probeMailboxes(t, func(t *testing.T, system *actor.ActorSystem, mailbox actor.PropsOption) {
		var j journal
		dead := deadLetters(system)
		pid := system.Root.Spawn(j.props(mailbox))
		gate := make(chan struct{})
		system.Root.Send(pid, gate)
		synctest.Wait()
		for range 1000 {
			system.Root.Send(pid, "queued")
		}
		system.Root.Stop(pid)
		close(gate)
		synctest.Wait()
		assert.Equal(t, []string{"1:*actor.Started", "1:*actor.Stopping", "1:*actor.Stopped"}, j.lines)
		assert.Zero(t, *dead)
	})
}

func TestProtoactorDeliversMessagesAfterStopping(t *testing.T) {
	probeMailboxes(t, func(t *testing.T, system *actor.ActorSystem, mailbox actor.PropsOption) {
		var parent, child journal
		gate := make(chan struct{})
		pid := system.Root.Spawn(parent.props(mailbox, actor.WithOnInit(func(c actor.Context) {
			c.Send(c.Spawn(child.props(mailbox)), gate)
		})))
		synctest.Wait()
		system.Root.Stop(pid) // waits for the child, which waits at the gate
		synctest.Wait()
		system.Root.Send(pid, "late")
		synctest.Wait()
		close(gate)
		synctest.Wait()
		assert.Equal(t, []string{"1:*actor.Started", "1:*actor.Stopping", "1:late", "1:*actor.Terminated", "1:*actor.Stopped"}, parent.lines)
	})
}

func TestProtoactorTimersOutliveTheirActor(t *testing.T) {
	probe(t, func(t *testing.T, system *actor.ActorSystem) {
		var j journal
		dead := deadLetters(system)
		pid := system.Root.Spawn(j.props())
		time.AfterFunc(time.Minute, func() { system.Root.Send(pid, "tick") })
		require.NoError(t, system.Root.StopFuture(pid).Wait())
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, 1, *dead)
	})
}

func TestProtoactorRunsTheProducerBeforeItFindsTheNameTaken(t *testing.T) {
	probe(t, func(t *testing.T, system *actor.ActorSystem) {
		var j journal
		_, err := system.Root.SpawnNamed(j.props(), "name")
		require.NoError(t, err)
		_, err = system.Root.SpawnNamed(j.props(), "name")
		require.ErrorIs(t, err, actor.ErrNameExists)
		assert.Equal(t, 2, j.instances)
	})
}

// decide is a supervisor strategy made of a function.
type decide func(supervisor actor.Supervisor, child *actor.PID)

func (d decide) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, _, _ any) {
	d(s, child)
}

func TestProtoactorResumeLosesOnlyTheFailingMessage(t *testing.T) {
	probeMailboxes(t, func(t *testing.T, system *actor.ActorSystem, mailbox actor.PropsOption) {
		var child journal
		resume := decide(func(s actor.Supervisor, who *actor.PID) { s.ResumeChildren(who) })
		parent := func(c actor.Context) {
			if _, ok := c.Message().(*actor.Started); ok {
				queue(system, c.Spawn(child.props(mailbox)), "a", "boom", "b")
			}
		}
		system.Root.Spawn(actor.PropsFromFunc(parent, mailbox, actor.WithSupervisor(resume)))
		synctest.Wait()
		assert.Equal(t, []string{"1:*actor.Started", "1:a", "1:boom", "1:b"}, child.lines)
	})
}

// fosterParent spawns actors whose failures go to pid, which does not list them as its children.
type fosterParent struct {
	*actor.RootContext
	pid *actor.PID
}

func (f fosterParent) Self() *actor.PID { return f.pid }

func TestProtoactorReportsFailuresToAParentThatDoesNotListTheChild(t *testing.T) {
	probeMailboxes(t, func(t *testing.T, system *actor.ActorSystem, mailbox actor.PropsOption) {
		var parent, child journal
		var failed *actor.PID
		listed := -1
		strategy := decide(func(s actor.Supervisor, who *actor.PID) {
			failed, listed = who, len(s.Children())
			s.RestartChildren(who)
		})
		parentPID := system.Root.Spawn(parent.props(mailbox, actor.WithSupervisor(strategy)))
		pid, err := actor.DefaultSpawner(system, "foster", child.props(mailbox), fosterParent{system.Root, parentPID})
		require.NoError(t, err)
		queue(system, pid, "boom", "b")
		synctest.Wait()
		assert.Equal(t, pid, failed)
		assert.Zero(t, listed)
		assert.Equal(t, []string{"1:*actor.Started", "1:boom", "1:*actor.Restarting", "2:*actor.Started", "2:b"}, child.lines)
	})
}

func TestProtoactorStopsAParentWithoutTheChildrenItDoesNotList(t *testing.T) {
	probe(t, func(t *testing.T, system *actor.ActorSystem) {
		var parent, child journal
		parentPID := system.Root.Spawn(parent.props())
		pid, err := actor.DefaultSpawner(system, "foster", child.props(), fosterParent{system.Root, parentPID})
		require.NoError(t, err)
		require.NoError(t, system.Root.StopFuture(parentPID).Wait())
		system.Root.Send(pid, "still here")
		synctest.Wait()
		assert.Equal(t, []string{"1:*actor.Started", "1:still here"}, child.lines)
	})
}

func TestProtoactorTellsAParentOfTheEndOfAChildItDoesNotList(t *testing.T) {
	probe(t, func(t *testing.T, system *actor.ActorSystem) {
		var parent, child journal
		parentPID := system.Root.Spawn(parent.props())
		pid, err := actor.DefaultSpawner(system, "foster", child.props(), fosterParent{system.Root, parentPID})
		require.NoError(t, err)
		require.NoError(t, system.Root.StopFuture(pid).Wait())
		synctest.Wait()
		assert.Equal(t, []string{"1:*actor.Started", "1:*actor.Terminated"}, parent.lines)
	})
}
