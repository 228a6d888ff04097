package httptransport

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// The suite cannot try these: something at the address that is no licence server.

// connectTo connects to a handler.
func connectTo(t *testing.T, handler http.HandlerFunc) (transport.Session, error) {
	return Transport{}.Connect(t.Context(), addressOf(listen(t, handler)))
}

func TestWhatIsNoAnswerMeansNotReached(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a proxy's error":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"a web page":                  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Welcome") },
		"nothing":                     func(http.ResponseWriter, *http.Request) {},
		"a reply without an identity": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"session":1}`) },
		"a refusal without an identity": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(422)
			io.WriteString(w, `{"reason":"Denied"}`)
		},
		"a refusal without a reason": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(422)
			io.WriteString(w, `{"hello":{"server_id":"S1","boot_id":"b1","epoch":1,"client_timeout_ms":1000}}`)
		},
		"an unknown path": http.NotFound,
		"the way to another site": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		},
		"an end before the end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{`)
		},
	} {
		_, err := connectTo(t, handler)
		if assert.Error(t, err, name) {
			assert.Nil(t, transport.AsRefusal(err), "%s: %v", name, err)
		}
	}
}

func TestAReplyThatDoesNotMatchItsCallMeansNotReached(t *testing.T) {
	is := hello{Identity: messages.Identity{ServerID: "S1", BootID: "b1", Epoch: 1}, ClientTimeout: time.Minute.Milliseconds()}
	for name, outcomes := range map[string][]outcome{
		"too few":                 {},
		"too many":                {{Result: "refused"}, {Result: "refused"}},
		"unknown":                 {{Result: "perhaps"}},
		"a grant without a lease": {{Result: "granted"}},
	} {
		session, err := connectTo(t, func(w http.ResponseWriter, r *http.Request) {
			var reply any = connectReply{Hello: is, Session: id{1}}
			if r.URL.Path == pathCheckout {
				reply = checkoutReply{Hello: is, Outcomes: outcomes}
			}
			assert.NoError(t, json.NewEncoder(w).Encode(reply))
		})
		require.NoError(t, err)
		_, err = session.Checkout(t.Context(), []transport.Take{{Request: messages.RequestID{1}, Feature: "cad", Count: 1}})
		if assert.Error(t, err, name) {
			assert.Nil(t, transport.AsRefusal(err), "%s: %v", name, err)
		}
		require.NoError(t, session.Close())
	}
}
