package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// testHandler is the handler of the administration of a server. It is called without a network.
type testHandler struct {
	t       *testing.T
	srv     *server.Server
	handler http.Handler
	reload  error  // what Reload returns
	ledger  string // what Backup writes; Backup fails if it is empty
}

const testToken = Token("secret")

func newTestHandler(t *testing.T) *testHandler {
	s := &testHandler{t: t, ledger: "the ledger"}
	var err error
	s.srv, err = server.New(server.Config{Ledger: heldLedger(t), Insecure: true, Features: []license.Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 3, Overdraft: 2, Share: license.ShareHost, Expires: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Name: "later", Version: messages.V(1, 0), Seats: 1, Starts: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.srv.Stop(context.Background())) })
	s.handler = New(Config{
		Server: s.srv, Token: testToken,
		Reload: func(context.Context) error { return s.reload },
		Backup: func(w io.Writer) (int64, error) {
			if s.ledger == "" {
				return 0, errors.New("the disk is gone")
			}
			n, err := io.WriteString(w, s.ledger)
			return int64(n), err
		},
	}).Handler
	return s
}

// heldID is the lease in the ledger of a testHandler.
var heldID = messages.LeaseID{3: 0, 15: 7}

func heldLedger(t *testing.T) *ledger.Memory {
	memory := &ledger.Memory{}
	require.NoError(t, memory.Open(nil))
	require.NoError(t, memory.Append(ledger.Batch{Records: []ledger.Record{{
		Seq: 1, Kind: ledger.RecordGrant, Lease: heldID, Request: messages.RequestID{1}, Feature: "f", Major: 1, Count: 4,
		Holder: ledger.Holder{Identity: "cn:ada", Instance: [16]byte{1}}, Overdrawn: true,
	}}}))
	require.NoError(t, memory.Close())
	return memory
}

// request sends a request with the token and returns the status and the body of the reply.
func (s *testHandler) request(method, target, body string) (status int, reply string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+string(testToken))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestStatusIsJSON(t *testing.T) {
	s := newTestHandler(t)
	code, reply := s.request(http.MethodGet, "/v1/status", "")
	require.Equal(t, http.StatusOK, code, reply)
	var got Status
	in := json.NewDecoder(strings.NewReader(reply))
	in.DisallowUnknownFields()
	require.NoError(t, in.Decode(&got))
	assert.Equal(t, s.srv.Identity().ServerID, got.ServerID)
	assert.Equal(t, 1, got.Leases)
	at := time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, []Feature{
		{Name: "f", Version: "1.0", Seats: 3, Used: 4, Overdraft: 2, Overdrawn: 1, Share: "host", Expires: &at, Listed: true},
		{Name: "later", Version: "1.0", Seats: 1, Share: "none", Starts: &at, Listed: true},
	}, got.Features)
	s.srv.Drain()
	_, reply = s.request(http.MethodGet, "/v1/status", "")
	assert.Contains(t, reply, `"draining":true`)
}

func TestLeasesAreThoseOfTheRequestedFeature(t *testing.T) {
	s := newTestHandler(t)
	for query, want := range map[string]int{"": 1, "?feature=f": 1, "?feature=g": 0, "?feature=f&after=1": 0} {
		code, reply := s.request(http.MethodGet, "/v1/leases"+query, "")
		require.Equal(t, http.StatusOK, code, reply)
		var page Leases
		require.NoError(t, json.Unmarshal([]byte(reply), &page))
		require.Len(t, page.Leases, want, query)
		if want == 1 {
			assert.Equal(t, Lease{Lease: heldID.String(), Feature: "f", Version: "1.0", Count: 4, Identity: "cn:ada"}, page.Leases[0])
		}
	}
}

func TestReleaseEndsALeaseOnce(t *testing.T) {
	s := newTestHandler(t)
	body := `{"lease":"` + heldID.String() + `"}`
	code, reply := s.request(http.MethodPost, "/v1/release", body)
	require.Equal(t, http.StatusOK, code, reply)
	status, err := s.srv.Status(t.Context())
	require.NoError(t, err)
	assert.Zero(t, status.Leases)
	code, reply = s.request(http.MethodPost, "/v1/release", body)
	assert.Equal(t, http.StatusNotFound, code)
	assert.Contains(t, reply, "no client holds this lease: it may have ended already")
}

func TestAReloadReturnsWhatWasRefused(t *testing.T) {
	s := newTestHandler(t)
	code, reply := s.request(http.MethodPost, "/v1/reload", "{}")
	assert.Equal(t, http.StatusOK, code, reply)
	s.reload = errors.New("a.lic refused")
	code, reply = s.request(http.MethodPost, "/v1/reload", "{}")
	assert.Equal(t, http.StatusUnprocessableEntity, code)
	assert.JSONEq(t, `{"error":"a.lic refused"}`, reply)
}

func TestABackupIsCompleteOrAborted(t *testing.T) {
	s := newTestHandler(t)
	code, reply := s.request(http.MethodGet, "/v1/backup", "")
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, s.ledger, reply)
	s.ledger = ""
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { s.request(http.MethodGet, "/v1/backup", "") }, "net/http aborts the connection for this panic")
	s.ledger = "again"
	_, reply = s.request(http.MethodGet, "/v1/backup", "")
	assert.Equal(t, "again", reply, "a failed backup does not block the next one")
}

func TestAFaultyRequestIsAnsweredWithItsFault(t *testing.T) {
	s := newTestHandler(t)
	long := strings.Repeat("x", maxBody)
	for _, c := range []struct {
		method, target, body string
		code                 int
		says                 string
	}{
		{http.MethodPost, "/v1/status", "", http.StatusMethodNotAllowed, "Method Not Allowed"},
		{http.MethodPost, "/v1/leases", "", http.StatusMethodNotAllowed, "Method Not Allowed"},
		{http.MethodGet, "/v1/release", "", http.StatusMethodNotAllowed, "Method Not Allowed"},
		{http.MethodGet, "/v1/reload", "", http.StatusMethodNotAllowed, "Method Not Allowed"},
		{http.MethodPost, "/v1/backup", "", http.StatusMethodNotAllowed, "Method Not Allowed"},
		{http.MethodGet, "/v1/none", "", http.StatusNotFound, "not found"},
		{http.MethodGet, "/v1/leases?after=-1", "", http.StatusBadRequest, "feature must have at most 128 bytes, and after must be 0 to 4294967295"},
		{http.MethodGet, "/v1/leases?after=99999999999", "", http.StatusBadRequest, "feature must have at most 128 bytes, and after must be 0 to 4294967295"},
		{http.MethodGet, "/v1/leases?feature=" + long[:maxFeature+1], "", http.StatusBadRequest, "feature must have at most 128 bytes, and after must be 0 to 4294967295"},
		{http.MethodPost, "/v1/release", "", http.StatusBadRequest, "with a lease from status"},
		{http.MethodPost, "/v1/release", "no JSON", http.StatusBadRequest, "invalid character"},
		{http.MethodPost, "/v1/release", `{"path":"x"}`, http.StatusBadRequest, "unknown field"},
		{http.MethodPost, "/v1/release", `{"lease":"x"}`, http.StatusBadRequest, "must be 32 hexadecimal digits"},
		{http.MethodPost, "/v1/release", `{"lease":"` + strings.Repeat("0", 32) + `"}`, http.StatusNotFound, "no client holds this lease"},
		{http.MethodPost, "/v1/release", `{"lease":"` + long + `"}`, http.StatusRequestEntityTooLarge, "the body of a request must have at most 4096 bytes"},
	} {
		code, reply := s.request(c.method, c.target, c.body)
		assert.Equal(t, c.code, code, "%s %.40s %.40s", c.method, c.target, c.body)
		assert.Contains(t, reply, c.says, "%s %.40s %.40s", c.method, c.target, c.body)
	}
	status, err := s.srv.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, status.Leases)
}

func TestEachRouteNeedsTheToken(t *testing.T) {
	s := newTestHandler(t)
	for _, route := range []string{"GET /v1/status", "GET /v1/leases", "POST /v1/release", "POST /v1/reload", "GET /v1/backup"} {
		method, path, _ := strings.Cut(route, " ")
		for _, header := range []string{"", "Bearer wrong", "Bearer " + string(testToken) + "x", string(testToken)} {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("{}"))
			r.Header.Set("Authorization", header)
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			assert.Equal(t, http.StatusUnauthorized, w.Code, "%s %s", route, header)
			assert.JSONEq(t, `{"error":"the token is missing or wrong"}`, w.Body.String())
		}
	}
}

func TestAStoppedServerIsUnavailable(t *testing.T) {
	s := newTestHandler(t)
	require.NoError(t, s.srv.Stop(t.Context()))
	for _, c := range [][3]string{
		{http.MethodGet, "/v1/status"}, {http.MethodGet, "/v1/leases"}, {http.MethodPost, "/v1/release", `{"lease":"` + heldID.String() + `"}`},
	} {
		code, reply := s.request(c[0], c[1], c[2])
		assert.Equal(t, http.StatusServiceUnavailable, code, reply)
	}
}

func TestATokenIsMadeOnceAndKeptFromOtherUsers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	first, err := MakeToken(path)
	require.NoError(t, err)
	again, err := MakeToken(path)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	other, err := MakeToken(path + "2")
	require.NoError(t, err)
	assert.NotEqual(t, first, other)
	require.NoError(t, os.Chmod(path, 0o640))
	_, err = ReadToken(path)
	require.ErrorContains(t, err, "other users can read it")
	require.NoError(t, os.WriteFile(path+"2", []byte("no token"), 0o600))
	_, err = ReadToken(path + "2")
	assert.ErrorContains(t, err, path+"2 does not contain a token")
}

func TestTheClientReturnsTheServersAnswers(t *testing.T) {
	s := newTestHandler(t)
	web := httptest.NewServer(s.handler)
	defer web.Close()
	c := Client{Address: strings.TrimPrefix(web.URL, "http://"), Token: testToken}
	status, err := c.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, s.srv.Identity().BootID, status.BootID)
	page, err := c.Leases(t.Context(), "f", 0)
	require.NoError(t, err)
	assert.Len(t, page.Leases, 1)
	var copied bytes.Buffer
	require.NoError(t, c.Backup(t.Context(), &copied))
	assert.Equal(t, s.ledger, copied.String())
	require.NoError(t, c.Release(t.Context(), heldID.String()))
	require.ErrorContains(t, c.Release(t.Context(), heldID.String()), c.Address+" answered: no client holds this lease")
	s.reload = errors.New("a.lic refused")
	require.ErrorContains(t, c.Reload(t.Context()), "answered: a.lic refused")
	s.ledger = ""
	require.Error(t, c.Backup(t.Context(), io.Discard), "an incomplete copy is an error")
	web.Close()
	_, err = c.Status(t.Context())
	assert.ErrorContains(t, err, "check that the server runs")
}
