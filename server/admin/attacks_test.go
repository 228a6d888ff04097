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
)

// What licence servers fell to before by their administration.

// stage is the administration of a server, and what was asked of it.
type stage struct {
	t                *testing.T
	address          string
	token            Token
	reloads, backups atomic.Int64
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t}
	srv, err := server.New(server.Config{
		Ledger: &server.MemoryLedger{}, Insecure: true,
		Features: []server.Feature{{Name: "f", Version: messages.V(1, 0), Seats: 1}},
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

// says sends a request as it stands and returns the status and the rest of what the server said.
func (s *stage) says(request string) (status int, said string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	require.NoError(s.t, err)
	defer conn.Close()
	_, _ = io.WriteString(conn, request) // the server may have heard enough
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, ""
	}
	defer reply.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	var header strings.Builder
	require.NoError(s.t, reply.Header.Write(&header))
	return reply.StatusCode, header.String() + string(body)
}

func (s *stage) request(line, body string, headers ...string) string {
	return line + " HTTP/1.1\r\nHost: " + s.address + "\r\nConnection: close\r\n" + strings.Join(append(headers, ""), "\r\n") +
		"\r\n" + body
}

func (s *stage) authorized() string { return "Authorization: Bearer " + string(s.token) }

// The class of CVE-2022-27511, CVE-2022-27512, CVE-2018-15573 and CVE-2021-44152: what administers needs no login, or
// another path leads past it. And of CVE-2021-44155: answers that differ tell what there is.
func TestNothingIsAdministeredWithoutTheToken(t *testing.T) {
	s := newStage(t)
	wrong := []string{"", "Authorization: Bearer", "Authorization: Bearer " + strings.Repeat("0", 64),
		"Authorization: bearer" + string(s.token), "X-Token: " + string(s.token), "Cookie: token=" + string(s.token),
		"Authorization: Bearer " + string(s.token[:63]), "Authorization: Bearer " + string(s.token) + "0"}
	var first string
	for _, header := range wrong {
		for _, line := range []string{
			"GET /v1/status", "POST /v1/reload", "GET /v1/backup", "GET //v1/backup", "GET /v1/../v1/backup", "GET /%76%31/backup",
			"GET /v1/status?token=" + string(s.token), "POST /v1/release", "DELETE /none", "GET /metrics/../v1/backup", "OPTIONS *",
		} {
			status, said := s.says(s.request(line, "", "X-Real-IP: 127.0.0.1", header))
			assert.Contains(t, []int{http.StatusUnauthorized, http.StatusOK}, status, "%s %s", line, header)
			if status == http.StatusOK {
				assert.NotContains(t, said, "f", "%s %s: the answer of net/http itself, without a word", line, header)
				continue
			}
			said = said[strings.Index(said, "{"):]
			if first == "" {
				first = said
			}
			assert.Equal(t, first, said, "%s %s", line, header)
		}
	}
	assert.Zero(t, s.reloads.Load()+s.backups.Load())
}

// The class of CVE-2021-37498, CVE-2021-37499 and CVE-2021-37500: an administrator's request, sent by whoever has got
// him to send it, names an address that is connected to, text that becomes a header, or a path.
func TestNoRequestNamesAPathAnAddressOrAHeader(t *testing.T) {
	s := newStage(t)
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
			_, said := s.says(request)
			assert.NotContains(t, said, "X-Forged: 1\n")
			assert.NotContains(t, said, "root:")
		}
	}
	assert.NoFileExists(t, written)
	mine, err := net.Dial("tcp", decoy.Addr().String())
	require.NoError(t, err)
	first, err := decoy.Accept()
	require.NoError(t, err)
	assert.Equal(t, mine.LocalAddr(), first.RemoteAddr(), "the server connected to where a request told it to")
	require.NoError(t, errors.Join(mine.Close(), first.Close(), decoy.Close()))
	_, err = os.Stat("backup")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// The class of CVE-2021-44154: a request is longer than what it is read into.
func TestOversizedRequestsOfAdministratorsAreRefused(t *testing.T) {
	s := newStage(t)
	long := strings.Repeat("x", 64<<10)
	for name, request := range map[string]string{
		"a body":   s.request("POST /v1/release", `{"lease":"`+long+`"}`, s.authorized(), "Content-Length: "+strconv.Itoa(len(long)+12)),
		"a header": s.request("GET /v1/status", "", s.authorized(), "X: "+long),
		"a path":   s.request("GET /"+long, "", s.authorized()),
	} {
		status, said := s.says(request)
		assert.NotEqual(t, http.StatusOK, status, name)
		assert.Less(t, len(said), 4096, name)
	}
	status, _ := s.says(s.request("GET /v1/status", "", s.authorized()))
	assert.Equal(t, http.StatusOK, status)
}

// The class of CVE-2017-12822: the administration is there for others than this machine.
func TestTheAdministrationIsOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		_, err := Listen(address)
		assert.Error(t, err, address)
	}
}
