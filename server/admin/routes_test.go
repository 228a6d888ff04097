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
)

// routesStage is a handler of the administration with a server behind it, asked without a network.
type routesStage struct {
	t       *testing.T
	srv     *server.Server
	handler http.Handler
	reload  error  // what Reload returns
	ledger  string // what Backup writes, before it fails if that is empty
}

const routesToken = Token("secret")

func newRoutesStage(t *testing.T) *routesStage {
	s := &routesStage{t: t, ledger: "the ledger"}
	var err error
	s.srv, err = server.New(server.Config{Ledger: heldLedger(t), Insecure: true, Features: []server.Feature{
		{Name: "f", Version: messages.V(1, 0), Seats: 3, Overdraft: 2, Share: server.ShareHost, Expires: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Name: "later", Version: messages.V(1, 0), Seats: 1, Starts: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.srv.Stop(context.Background())) })
	s.handler = New(Config{
		Server: s.srv, Token: routesToken,
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

// heldID is a lease that the ledger of the stage holds.
var heldID = messages.LeaseID{3: 0, 15: 7}

func heldLedger(t *testing.T) *server.MemoryLedger {
	ledger := &server.MemoryLedger{}
	require.NoError(t, ledger.Open(nil))
	require.NoError(t, ledger.Append(server.Batch{Records: []server.Record{{
		Seq: 1, Kind: server.RecordGrant, Lease: heldID, Request: messages.RequestID{1}, Feature: "f", Major: 1, Count: 4,
		Holder: server.Holder{Identity: "cn:ada", Instance: [16]byte{1}}, Overdrawn: true,
	}}}))
	require.NoError(t, ledger.Close())
	return ledger
}

// asks sends a request with the token and returns the status and the body.
func (s *routesStage) asks(method, target, body string) (status int, said string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+string(routesToken))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestStatusIsJSON(t *testing.T) {
	s := newRoutesStage(t)
	code, said := s.asks(http.MethodGet, "/v1/status", "")
	require.Equal(t, http.StatusOK, code, said)
	var got Status
	in := json.NewDecoder(strings.NewReader(said))
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
	_, said = s.asks(http.MethodGet, "/v1/status", "")
	assert.Contains(t, said, `"draining":true`)
}

func TestLeasesAreThoseOfTheFeatureThatIsAskedFor(t *testing.T) {
	s := newRoutesStage(t)
	for query, want := range map[string]int{"": 1, "?feature=f": 1, "?feature=g": 0, "?feature=f&after=1": 0} {
		code, said := s.asks(http.MethodGet, "/v1/leases"+query, "")
		require.Equal(t, http.StatusOK, code, said)
		var page Leases
		require.NoError(t, json.Unmarshal([]byte(said), &page))
		require.Len(t, page.Leases, want, query)
		if want == 1 {
			assert.Equal(t, Lease{Lease: heldID.String(), Feature: "f", Version: "1.0", Count: 4, Identity: "cn:ada"}, page.Leases[0])
		}
	}
}

func TestReleaseEndsALeaseOnce(t *testing.T) {
	s := newRoutesStage(t)
	body := `{"lease":"` + heldID.String() + `"}`
	code, said := s.asks(http.MethodPost, "/v1/release", body)
	require.Equal(t, http.StatusOK, code, said)
	status, err := s.srv.Status(t.Context())
	require.NoError(t, err)
	assert.Zero(t, status.Leases)
	code, said = s.asks(http.MethodPost, "/v1/release", body)
	assert.Equal(t, http.StatusNotFound, code)
	assert.Contains(t, said, "it may have ended already")
}

func TestReloadTellsWhatWasRefused(t *testing.T) {
	s := newRoutesStage(t)
	code, said := s.asks(http.MethodPost, "/v1/reload", "{}")
	assert.Equal(t, http.StatusOK, code, said)
	s.reload = errors.New("a.lic refused")
	code, said = s.asks(http.MethodPost, "/v1/reload", "{}")
	assert.Equal(t, http.StatusUnprocessableEntity, code)
	assert.JSONEq(t, `{"error":"a.lic refused"}`, said)
}

func TestBackupIsTheLedgerOrBreaksOff(t *testing.T) {
	s := newRoutesStage(t)
	code, said := s.asks(http.MethodGet, "/v1/backup", "")
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, s.ledger, said)
	s.ledger = ""
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { s.asks(http.MethodGet, "/v1/backup", "") }, "as net/http wants it")
	s.ledger = "again"
	_, said = s.asks(http.MethodGet, "/v1/backup", "")
	assert.Equal(t, "again", said, "one that broke off does not block the next")
}

func TestFaultyRequestsAreAnsweredWithWhatIsWrong(t *testing.T) {
	s := newRoutesStage(t)
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
		{http.MethodGet, "/v1/leases?after=-1", "", http.StatusBadRequest, "feature or after is out of bounds"},
		{http.MethodGet, "/v1/leases?after=99999999999", "", http.StatusBadRequest, "feature or after is out of bounds"},
		{http.MethodGet, "/v1/leases?feature=" + long[:maxFeature+1], "", http.StatusBadRequest, "feature or after is out of bounds"},
		{http.MethodPost, "/v1/release", "", http.StatusBadRequest, "with the lease from status"},
		{http.MethodPost, "/v1/release", "no JSON", http.StatusBadRequest, "invalid character"},
		{http.MethodPost, "/v1/release", `{"path":"x"}`, http.StatusBadRequest, "unknown field"},
		{http.MethodPost, "/v1/release", `{"lease":"x"}`, http.StatusBadRequest, "expected are 32 hexadecimal digits, from status"},
		{http.MethodPost, "/v1/release", `{"lease":"` + strings.Repeat("0", 32) + `"}`, http.StatusNotFound, "no such lease is held"},
		{http.MethodPost, "/v1/release", `{"lease":"` + long + `"}`, http.StatusRequestEntityTooLarge, "a request has at most 4096 bytes"},
	} {
		code, said := s.asks(c.method, c.target, c.body)
		assert.Equal(t, c.code, code, "%s %.40s %.40s", c.method, c.target, c.body)
		assert.Contains(t, said, c.says, "%s %.40s %.40s", c.method, c.target, c.body)
	}
	status, err := s.srv.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, status.Leases)
}

func TestEachRouteWantsTheToken(t *testing.T) {
	s := newRoutesStage(t)
	for _, route := range []string{"GET /v1/status", "GET /v1/leases", "POST /v1/release", "POST /v1/reload", "GET /v1/backup"} {
		method, path, _ := strings.Cut(route, " ")
		for _, header := range []string{"", "Bearer wrong", "Bearer " + string(routesToken) + "x", string(routesToken)} {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("{}"))
			r.Header.Set("Authorization", header)
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			assert.Equal(t, http.StatusUnauthorized, w.Code, "%s %s", route, header)
			assert.JSONEq(t, `{"error":"the token is missing or wrong"}`, w.Body.String())
		}
	}
}

func TestAServerThatStoppedIsUnavailable(t *testing.T) {
	s := newRoutesStage(t)
	require.NoError(t, s.srv.Stop(t.Context()))
	for _, c := range [][3]string{
		{http.MethodGet, "/v1/status"}, {http.MethodGet, "/v1/leases"}, {http.MethodPost, "/v1/release", `{"lease":"` + heldID.String() + `"}`},
	} {
		code, said := s.asks(c[0], c[1], c[2])
		assert.Equal(t, http.StatusServiceUnavailable, code, said)
	}
}

func TestTokensAreDrawnOnceAndKeptFromOthers(t *testing.T) {
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
	require.ErrorContains(t, err, "others may read it")
	require.NoError(t, os.WriteFile(path+"2", []byte("no token"), 0o600))
	_, err = ReadToken(path + "2")
	assert.ErrorContains(t, err, path+"2 has no token in it")
}

func TestTheClientSaysWhatTheServerSaid(t *testing.T) {
	s := newRoutesStage(t)
	web := httptest.NewServer(s.handler)
	defer web.Close()
	c := Client{Address: strings.TrimPrefix(web.URL, "http://"), Token: routesToken}
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
	require.ErrorContains(t, c.Release(t.Context(), heldID.String()), c.Address+" answered: no such lease is held")
	s.reload = errors.New("a.lic refused")
	require.ErrorContains(t, c.Reload(t.Context()), "answered: a.lic refused")
	s.ledger = ""
	require.Error(t, c.Backup(t.Context(), io.Discard), "a copy that broke off is none")
	web.Close()
	_, err = c.Status(t.Context())
	assert.ErrorContains(t, err, "is the server running")
}
