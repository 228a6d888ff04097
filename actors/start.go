package actors

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/mailbox"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Host is what the embedding program provides. Actors call its functions, which must not block.
type Host struct {
	System    *actor.ActorSystem
	Name      string // prefix of the actors' names, unique in the system
	Transport transport.Transport
	Client    transport.Client
	Logger    *slog.Logger
	// Publish delivers an event to all subscribers.
	Publish func(messages.Event)
	// Store keeps outages for longer than the process lives; nil: they are kept in memory.
	Store outage.Store
	// Exit is called when features have exited. The host decides what happens next.
	Exit func(messages.Exited)
	// Wall returns the wall time.
	Wall func() time.Time
	// Seed returns the seed for the random numbers of one actor: request ids and jitter.
	Seed func() [32]byte
	// Fault lets a test make an actor panic, before or after it handles a message; nil except in tests.
	Fault func(point, actor string, message any)
}

// newRand returns random numbers for one actor.
func (h *Host) newRand() *rand.Rand { return rand.New(rand.NewChaCha8(h.Seed())) }

// point is where a test may make an actor panic.
type point string

const (
	beforeStep point = "before" // the machine has not handled the message, which is lost
	afterStep  point = "after"  // the machine has handled the message, and its effects are lost
)

// injectFault lets a test make the calling actor panic.
func (h *Host) injectFault(at point, who string, in any) {
	if h.Fault != nil {
		h.Fault(string(at), who, in)
	}
}

// Start starts the actors of a runtime. ctx bounds the loading of the outage store; Start fails with the store's error.
// The settings must be valid.
func Start(ctx context.Context, host Host, settings protocol.Settings) (*Tree, error) {
	settings.Restarts = settings.Restarts.WithDefaults()
	t := &Tree{
		settings: settings, host: host, clock: startClock(host.Wall), dispatcher: mailbox.NewDispatcher(0),
	}
	t.calls = newCalls(&t.host, t.clock)
	runtime, err := host.System.Root.SpawnNamed(t.busyProps(newRuntimeActor(t)), host.Name)
	if err != nil {
		t.calls.cancel()
		return nil, fmt.Errorf("start actor %s: %w", host.Name, err)
	}
	t.runtime = runtime
	t.entrance = newEntrance(t)
	if t.counter, err = startCounter(ctx, t); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}
