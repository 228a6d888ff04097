package admin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

// The tests in this file repeat attacks that the administration of other licence servers did not withstand.

// attackedServer is the administration of a server. It counts the reloads and backups that requests led to.
type attackedServer struct {
	t                *testing.T
	address          string
	token            Token
	reloads, backups atomic.Int64
}

func newAttackedServer(t *testing.T) *attackedServer {
	s := &attackedServer{t: t}
	srv, err := server.New(server.Config{
		Ledger: &ledger.Memory{}, Insecure: true,
		Features: []license.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1}},
	})
	require.NoError(t, err)
	s.token, err = MakeToken(filepath.Join(t.TempDir(), "token"))
	require.NoError(t, err)
	listener, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	web := New(Config{
		Server: srv, Token: s.token,
		Backup: func(w io.Writer) (int64, error) { s.backups.Add(1); return 0, nil },
		Reload: func(context.Context) error { s.reloads.Add(1); return nil },
	})
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, web.Close())
		<-served
		assert.NoError(t, srv.Stop(context.Background()))
	})
	return s
}

// send sends a request as it stands and returns the status, and the header and the body of the reply.
func (s *attackedServer) send(request string) (status int, reply string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	require.NoError(s.t, err)
	defer conn.Close()
	_, _ = io.WriteString(conn, request) // fails if the server has already refused it
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	var header strings.Builder
	require.NoError(s.t, response.Header.Write(&header))
	return response.StatusCode, header.String() + string(body)
}

func (s *attackedServer) request(line, body string, headers ...string) string {
	return line + " HTTP/1.1\r\nHost: " + s.address + "\r\nConnection: close\r\n" + strings.Join(append(headers, ""), "\r\n") +
		"\r\n" + body
}

func (s *attackedServer) authorized() string { return "Authorization: Bearer " + string(s.token) }

// The class of CVE-2022-27511, CVE-2022-27512, CVE-2018-15573 and CVE-2021-44152: administration needs no login, or some
// path leads past it. And of CVE-2021-44155: differing answers reveal what exists.
func TestWithoutTheTokenNothingIsAdministered(t *testing.T) {
	s := newAttackedServer(t)
	wrong := []string{"", "Authorization: Bearer", "Authorization: Bearer " + strings.Repeat("0", 64),
		"Authorization: bearer" + string(s.token), "X-Token: " + string(s.token), "Cookie: token=" + string(s.token),
		"Authorization: Bearer " + string(s.token[:63]), "Authorization: Bearer " + string(s.token) + "0"}
	var first string
	for _, header := range wrong {
		for _, line := range []string{
			"GET /v1/status", "POST /v1/reload", "GET /v1/backup", "GET //v1/backup", "GET /v1/../v1/backup", "GET /%76%31/backup",
			"GET /v1/status?token=" + string(s.token), "POST /v1/release", "DELETE /none", "GET /metrics/../v1/backup", "OPTIONS *",
		} {
			status, reply := s.send(s.request(line, "", "X-Real-IP: 127.0.0.1", header))
			assert.Contains(t, []int{http.StatusUnauthorized, http.StatusOK}, status, "%s %s", line, header)
			if status == http.StatusOK {
				assert.NotContains(t, reply, "f", "%s %s: net/http answers this by itself, with an empty body", line, header)
				continue
			}
			reply = reply[strings.Index(reply, "{"):]
			if first == "" {
				first = reply
			}
			assert.Equal(t, first, reply, "%s %s", line, header)
		}
	}
	assert.Zero(t, s.reloads.Load()+s.backups.Load())
}

// The class of CVE-2021-37498, CVE-2021-37499 and CVE-2021-37500: an attacker makes an administrator send a request that
// names an address to connect to, a text that becomes a header, or a path.
func TestNoRequestNamesAPathAnAddressOrAHeader(t *testing.T) {
	s := newAttackedServer(t)
	decoy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	written := filepath.Join(t.TempDir(), "written")
	for _, text := range []string{
		written, "../../etc/passwd", "http://" + decoy.Addr().String(), "$(touch " + written + ")", `\r\nX-Forged: 1`, "%0d%0aX-Forged:%201",
	} {
		for _, request := range []string{
			s.request("POST /v1/release", `{"lease":"`+text+`"}`, s.authorized(), "Content-Length: "+strconv.Itoa(len(text)+12)),
			s.request("POST /v1/release", `{"lease":"","path":"`+text+`"}`, s.authorized(), "Content-Length: "+strconv.Itoa(len(text)+21)),
			s.request("GET /v1/leases?feature="+strings.ReplaceAll(text, " ", "+"), "", s.authorized()),
			s.request("GET /v1/backup?out="+strings.ReplaceAll(text, " ", "+"), "", s.authorized()),
			s.request("GET /v1/../../../../../../../../etc/passwd", "", s.authorized()),
		} {
			_, reply := s.send(request)
			assert.NotContains(t, reply, "X-Forged: 1\n")
			assert.NotContains(t, reply, "root:")
		}
	}
	assert.NoFileExists(t, written)
	mine, err := net.Dial("tcp", decoy.Addr().String())
	require.NoError(t, err)
	first, err := decoy.Accept()
	require.NoError(t, err)
	assert.Equal(t, mine.LocalAddr(), first.RemoteAddr(), "the server connected to an address from a request")
	require.NoError(t, errors.Join(mine.Close(), first.Close(), decoy.Close()))
	_, err = os.Stat("backup")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// The class of CVE-2021-44154: a request is longer than the buffer it is read into.
func TestOversizedRequestsOfAdministratorsAreRefused(t *testing.T) {
	s := newAttackedServer(t)
	long := strings.Repeat("x", 64<<10)
	for name, request := range map[string]string{
		"a body":   s.request("POST /v1/release", `{"lease":"`+long+`"}`, s.authorized(), "Content-Length: "+strconv.Itoa(len(long)+12)),
		"a header": s.request("GET /v1/status", "", s.authorized(), "X: "+long),
		"a path":   s.request("GET /"+long, "", s.authorized()),
	} {
		status, reply := s.send(request)
		assert.NotEqual(t, http.StatusOK, status, name)
		assert.Less(t, len(reply), 4096, name)
	}
	status, _ := s.send(s.request("GET /v1/status", "", s.authorized()))
	assert.Equal(t, http.StatusOK, status)
}

// The class of CVE-2017-12822: other machines can reach the administration.
func TestTheAdministrationIsOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		_, err := Listen(address)
		assert.Error(t, err, address)
	}
}
