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
// under test, and keep the servers to control what happens to them. All methods are safe for concurrent use.
//
// An address is any string. Requests that are under way when a server goes down or restarts, or when its address is
// cut, are lost.
type Network struct {
	sessions atomic.Uint64 // opened so far: numbers them in the order of their Connect

	mu        sync.Mutex
	servers   int // added so far: numbers them
	endpoints map[transport.Address]*endpoint
}

// NewNetwork returns a network without servers. In a synctest bubble, make it and its servers inside the bubble.
func NewNetwork() *Network {
	return &Network{endpoints: map[transport.Address]*endpoint{}}
}

// AddServer starts a server at the address. The map has the number of seats of each feature that the server serves, in
// version 9.9; the caller keeps the map. The client timeout is [DefaultClientTimeout]. The first server has ServerID
// S1, the next S2. When another server has the address, it loses it.
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

// Alias gives a server of this network a further address. When another server has the address, it loses it, and
// sessions that were opened there reach this server from now on.
func (n *Network) Alias(address transport.Address, server *Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.endpoints[address]
	if e == nil {
		e = &endpoint{address: address}
		n.endpoints[address] = e
	}
	e.move(server)
}

// Cut makes one address unreachable: calls to it fail, those under way too. Other addresses of the server still work.
// Cut panics when no server ever had the address.
func (n *Network) Cut(address transport.Address) { n.mustFind("Cut", address).disconnect() }

// Heal undoes Cut. It panics when no server ever had the address.
func (n *Network) Heal(address transport.Address) { n.mustFind("Heal", address).reconnect() }

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

// Connect implements [transport.Transport]. A client is the Instance of [transport.ClientFrom]; all that connect
// without an instance are the same client. A second Connect of one instance to one server supersedes the first session,
// whichever addresses they used.
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
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}
