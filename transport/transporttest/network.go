package transporttest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seatbeat/seatbeat/transport"
)

// Network is an in-memory network of fake licence servers. It implements [transport.Transport]: give it to the code
// under test and keep the servers to control what happens to it. All methods are safe for concurrent use.
//
// Addresses are any strings. What is under way when a server goes down, restarts or is cut off is lost.
type Network struct {
	sessions atomic.Uint64 // numbers the sessions in the order of their Connect

	mu        sync.Mutex
	servers   int // added so far
	endpoints map[transport.Address]*endpoint
}

// endpoint is an address. A call goes to the server that is there when the call is made, so that a session survives
// whatever happens to the server, as one that reconnects by itself would.
type endpoint struct {
	address transport.Address
	server  atomic.Pointer[Server]
	cut     atomic.Bool
	cuts    atomic.Uint64 // how often it was cut: a change means that what was under way is lost
}

// NewNetwork returns a network without servers. In a synctest bubble, make it and its servers inside the bubble.
func NewNetwork() *Network {
	return &Network{endpoints: map[transport.Address]*endpoint{}}
}

// AddServer starts a server at the address. It serves the features named in seats, each with so many seats, in version
// 9.9; the client timeout is 5 minutes. The first server has ServerID S1, the next S2. A server that was at the address
// before loses it. The map stays the caller's.
func (n *Network) AddServer(address transport.Address, seats map[string]int) *Server {
	n.mu.Lock()
	n.servers++
	server := newServer(fmt.Sprintf("S%d", n.servers))
	n.mu.Unlock()
	for _, feature := range slices.Sorted(maps.Keys(seats)) {
		server.SetSeats(feature, seats[feature])
	}
	n.Alias(address, server)
	return server
}

// Alias gives a server of this network a further address. Another server that was there loses the address, and sessions
// opened there talk to this one from now on.
func (n *Network) Alias(address transport.Address, server *Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.endpoints[address]
	if e == nil {
		e = &endpoint{address: address}
		n.endpoints[address] = e
	}
	e.server.Store(server)
}

// Cut makes one address unreachable: calls to it fail, those under way too. The server's other addresses still work. It
// panics when no server was ever at the address.
func (n *Network) Cut(address transport.Address) {
	e := n.mustFind("Cut", address)
	e.cut.Store(true)
	e.cuts.Add(1)
	e.server.Load().wake()
}

// Heal undoes Cut. It panics when no server was ever at the address.
func (n *Network) Heal(address transport.Address) { n.mustFind("Heal", address).cut.Store(false) }

func (n *Network) find(address transport.Address) *endpoint {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.endpoints[address]
}

func (n *Network) mustFind(method string, address transport.Address) *endpoint {
	e := n.find(address)
	if e == nil {
		panic(fmt.Sprintf("transporttest: %s(%q): no server has this address", method, address))
	}
	return e
}

// Connect implements [transport.Transport]. Clients are told apart by the Instance of [transport.ClientFrom]: all that
// connect without one are the same client. A second Connect of one instance to one server supersedes its first session
// there, at whatever address.
func (n *Network) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	e := n.find(address)
	if e == nil {
		return nil, fmt.Errorf("connect %s: %w: no server has this address", address, ErrUnreachable)
	}
	s := &session{
		endpoint: e,
		client:   transport.ClientFrom(ctx),
		number:   n.sessions.Add(1),
		closed:   make(chan struct{}),
	}
	reply, err := s.exchange(ctx, Call{Kind: Connects})
	if err != nil {
		return nil, err
	}
	s.hello = reply.Hello
	return s, nil
}
