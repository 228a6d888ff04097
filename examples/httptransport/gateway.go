package httptransport

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

const (
	// callTimeout bounds a call to the licence server. A take waits at most transport.MaxWait of it.
	callTimeout = 30 * time.Second
	// maxSessions bounds the sessions of a gateway. Each has a client that called within the client timeout.
	maxSessions = 1000
	// busyRetryAfter is when a client that finds no room for its session is to come back.
	busyRetryAfter = 10 * time.Second
)

// errNoSession is why a call fails whose session was superseded or dropped. The client connects again.
var errNoSession = errors.New("no such session")

// Gateway is the server side of the protocol: an http.Handler in front of a licence server. It passes each call on to a
// session of its own with that server. It knows no seat rules: these are the server's. It is safe for concurrent use.
type Gateway struct {
	backend transport.Transport
	address transport.Address

	mu       sync.Mutex
	sessions map[id]*backendSession // by the session id of the client
}

// backendSession is the session of one client with the licence server. The lock of the gateway guards it.
type backendSession struct {
	transport.Session
	instance id
	used     time.Time // by a call, last
}

// use notes a call, and returns the session for it.
func (s *backendSession) use() transport.Session {
	s.used = time.Now()
	return s.Session
}

// idle reports whether the client has been silent for the client timeout.
func (s *backendSession) idle() bool { return time.Since(s.used) > s.Hello().ClientTimeout }

// NewGateway returns a gateway to the licence server that backend reaches at the address. End it with Close.
func NewGateway(backend transport.Transport, address transport.Address) *Gateway {
	return &Gateway{backend: backend, address: address, sessions: map[id]*backendSession{}}
}

// Close ends all sessions with the licence server. It frees no seat. Close the http.Server first.
func (g *Gateway) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(func(*backendSession) bool { return true })
	return nil
}

// ServeHTTP answers one call.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case pathConnect:
		serve(w, r, g.connect)
	case pathCheckout:
		serve(w, r, g.checkout)
	case pathHeartbeat:
		serve(w, r, g.heartbeat)
	case pathCheckin:
		serve(w, r, g.checkin)
	default:
		http.NotFound(w, r)
	}
}

// serve reads a request, executes it and writes the answer: the reply, a refusal, or a status that the client takes for
// a server that was not reached. The request is read to its end, because net/http ends the context of a request whose
// client has gone only after that.
func serve[Q any](w http.ResponseWriter, r *http.Request, execute func(context.Context, Q) (any, error)) {
	var request Q
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	reply, err := execute(ctx, request)
	refused := transport.AsRefusal(err)
	switch {
	case refused != nil:
		write(w, http.StatusUnprocessableEntity, wireRefusal(refused))
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	default:
		write(w, http.StatusOK, reply)
	}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone repeats the call
}

// connect opens a session with the licence server, in the name of the client.
func (g *Gateway) connect(ctx context.Context, q connectRequest) (any, error) {
	session, err := g.backend.Connect(transport.WithClient(ctx, clientOf(q)), g.address)
	if err != nil {
		return nil, err
	}
	key, err := g.add(&backendSession{Session: session, instance: q.Instance, used: time.Now()})
	if err != nil {
		_ = session.Close()
		return nil, err
	}
	return connectReply{Hello: wireHello(session.Hello()), Session: key}, nil
}

// add keeps a session under a new id. It drops the earlier sessions of the client, which the server has superseded, and
// sessions whose client was silent for the client timeout.
func (g *Gateway) add(added *backendSession) (key id, err error) {
	_, _ = rand.Read(key[:]) // never fails
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(func(s *backendSession) bool { return s.instance == added.instance || s.idle() })
	if len(g.sessions) >= maxSessions {
		return id{}, &transport.Refusal{Reason: messages.Busy, RetryAfter: busyRetryAfter, Hello: added.Hello()}
	}
	g.sessions[key] = added
	return key, nil
}

// drop closes and forgets sessions. The caller holds mu.
func (g *Gateway) drop(which func(*backendSession) bool) {
	for key, s := range g.sessions {
		if which(s) {
			_ = s.Close()
			delete(g.sessions, key)
		}
	}
}

// session returns the session with an id.
func (g *Gateway) session(key id) (transport.Session, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sessions[key]
	if s == nil {
		return nil, errNoSession
	}
	return s.use(), nil
}

func (g *Gateway) checkout(ctx context.Context, q checkoutRequest) (any, error) {
	session, err := g.session(q.Session)
	if err != nil {
		return nil, err
	}
	reply, err := session.Checkout(ctx, takesOf(q.Takes))
	if err != nil {
		return nil, err
	}
	return checkoutReply{Hello: wireHello(reply.Hello), Outcomes: wireOutcomes(reply.Outcomes)}, nil
}

func (g *Gateway) heartbeat(ctx context.Context, q heartbeatRequest) (any, error) {
	session, err := g.session(q.Session)
	if err != nil {
		return nil, err
	}
	reply, err := session.Heartbeat(ctx, convertIDs[messages.LeaseID](q.Leases))
	if err != nil {
		return nil, err
	}
	return heartbeatReply{
		Hello: wireHello(reply.Hello), Ended: wireEnded(reply.Ended), NotBefore: reply.NotBefore.Milliseconds(),
	}, nil
}

func (g *Gateway) checkin(ctx context.Context, q checkinRequest) (any, error) {
	session, err := g.session(q.Session)
	if err != nil {
		return nil, err
	}
	reply, err := session.Checkin(ctx, returnsOf(q.Returns))
	if err != nil {
		return nil, err
	}
	return checkinReply{Hello: wireHello(reply.Hello)}, nil
}
