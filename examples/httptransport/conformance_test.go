package httptransport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransportConforms(t *testing.T) {
	transporttest.Conformance(t, fixture)
}

// fixture is a server of its own for each promise.
func fixture(t *testing.T) transporttest.Fixture {
	server := NewServer(map[string]Feature{
		"cad":   {Version: messages.V(2, 1), Seats: 3},
		"bulk":  {Version: messages.V(1, 0), Seats: 2 * transport.MaxLeases},
		"local": {Version: messages.V(1, 0), Seats: 1, Local: true},
	})
	front := &freezer{Handler: server}
	one, other := listen(t, front), listen(t, front)
	return transporttest.Fixture{
		Transport: Transport{},
		Address:   address(one),
		Feature:   "cad", Seats: 3, Version: messages.V(2, 1),
		Plenty: "bulk", Local: "local", Alias: address(other),
		Restart: func() {
			one.CloseClientConnections()
			other.CloseClientConnections()
			server.Restart()
		},
		Stop:             one.Close,
		Freeze:           func() { front.frozen.Store(true) },
		Refuse:           server.Drain,
		Revoke:           server.Revoke,
		SetClientTimeout: server.SetClientTimeout,
	}
}

func listen(t *testing.T, handler http.Handler) *httptest.Server {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func address(s *httptest.Server) transport.Address {
	return transport.Address(strings.TrimPrefix(s.URL, "http://"))
}

// freezer swallows requests once it is frozen.
type freezer struct {
	http.Handler
	frozen atomic.Bool
}

func (f *freezer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.frozen.Load() {
		_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
		<-r.Context().Done()
		return
	}
	f.Handler.ServeHTTP(w, r)
}
