package actors

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/seatbeat/seatbeat/actors/outage"
	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/internal/mailbox"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// Host is what the actors need of the one who embeds them. Its functions are called from actors and must not block.
type Host struct {
	System    *actor.ActorSystem
	Name      string // prefix of the actors' names, unique in the system
	Transport transport.Transport
	Client    transport.Client
	Logger    *slog.Logger
	// Publish tells all subscribers.
	Publish func(messages.Event)
	// Store keeps outages for longer than the process lives; nil: they are kept in memory.
	Store outage.Store
	// Fault lets a test make an actor panic; nil but in tests.
	Fault func(point, actor string, message any)
	// Exit is told when features gave up; what it does with it is the host's.
	Exit func(messages.Exited)
	// Wall is the wall clock.
	Wall func() time.Time
	// Seed seeds the random numbers of one connection: request ids and jitter.
	Seed func() [32]byte
}

// Env is what the actors of one runtime share.
type Tree struct {
	protocol.Settings
	Host

	began       time.Time // on the monotonic clock
	beganWall   time.Time
	ctx         context.Context // of all exchanges; ends when the runtime stops
	cancel      context.CancelFunc
	goroutines  goroutines
	sessions    sessionSet
	replies     replySet
	features    registry
	connections connectionList
	runtime     *actor.PID
	counter     *actor.PID   // nil: outages are not counted
	props       *actor.Props // of features
	dispatcher  *mailbox.Dispatcher

	closing   atomic.Bool                    // Close was called
	draining  atomic.Bool                    // every feature has ended; what is owed is being returned
	drainCall atomic.Pointer[protocol.Reply] // the Close that waits for it

	unavailable atomic.Pointer[messages.UnavailableError] // nil: checkouts are let in

	spawnMu  sync.Mutex
	spawning *Feature // what the producer of props hands out; guarded by spawnMu
}

// now reads both clocks.
func (e *Tree) now() protocol.Instant {
	return protocol.Instant{Mono: time.Since(e.began), Wall: e.Wall().Sub(e.beganWall)}
}

// send puts a message into an actor's mailbox. It never blocks.
func (e *Tree) send(to *actor.PID, message any) { e.System.Root.Send(to, message) }

func (e *Tree) newRand() *rand.Rand { return rand.New(rand.NewChaCha8(e.Seed())) }

// parent makes features children of the runtime's actor in all but its list of children, which would cost 250 bytes for
// each: it supervises them, and whoever closes the runtime ends them.
type parent struct {
	*actor.RootContext
	pid *actor.PID
}

func (p parent) Self() *actor.PID { return p.pid }

// enter lists a feature and starts its actor. Whoever ends all features takes the same lock, and so either keeps a
// feature from entering or finds it listed, with an actor to tell.
func (e *Tree) enter(f *Feature) error {
	e.spawnMu.Lock()
	defer e.spawnMu.Unlock()
	if err := e.unavailable.Load(); err != nil {
		return err
	}
	if err := e.features.add(f); err != nil {
		return err
	}
	if err := e.spawn(f); err != nil {
		e.features.remove(f)
		return fmt.Errorf("start actor: %w", err)
	}
	return nil
}

// spawn starts the actor of a feature. It is called with spawnMu held.
func (e *Tree) spawn(f *Feature) error {
	e.spawning = f
	id := e.Name + "/f" + strconv.FormatUint(f.ID(), 10)
	pid, err := actor.DefaultSpawner(e.System, id, e.props, parent{e.System.Root, e.runtime})
	e.spawning = nil
	f.SetPID(pid)
	return err
}
