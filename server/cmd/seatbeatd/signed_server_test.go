package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"aidanwoods.dev/go-paseto"
	"github.com/stretchr/testify/require"
)

// waitTime is how long a test waits for what has to come at once.
const waitTime = time.Minute

// signedServer is a server with signed licences and certificates of "seatbeatd certs", and the vendor's folder.
type signedServer struct {
	t        *testing.T
	folder   string // of the operator
	licences string
	vendor   string // beginning of the names of its files
	*process
}

func newSignedServer(t *testing.T) *signedServer {
	s := &signedServer{t: t, folder: t.TempDir(), vendor: filepath.Join(t.TempDir(), "vendor")}
	s.licences = filepath.Join(s.folder, "licences")
	require.NoError(t, os.Mkdir(s.licences, 0o700))
	require.Zero(t, runProgram(t, nil, "keygen", "--out", s.vendor).status)
	s.signs("base.lic", s.vendor, "base", 2)
	s.certs(s.folder)
	s.process = serve(t, s.flags()...)
	return s
}

func (s *signedServer) flags() []string {
	return []string{"--listen", "127.0.0.1:0", "--ledger", s.file("ledger"), "--license", s.licences, "--trust", s.vendor + ".public",
		"--cert", s.file(serverCert), "--key", s.file(serverKey), "--client-ca", s.file(authorityCert)}
}

func (s *signedServer) file(name string) string { return filepath.Join(s.folder, name) }

func (s *signedServer) licence(name string) string { return filepath.Join(s.licences, name) }

// certs makes certificates of a server and a client in a folder, of its own authority unless it has one already.
func (s *signedServer) certs(folder string) {
	s.t.Helper()
	made := runProgram(s.t, nil, "certs", "--out", folder, "--server", "127.0.0.1", "--client", "client")
	require.Zero(s.t, made.status, made.errors)
}

// signs puts a licence for seats of f1 among those of the server.
func (s *signedServer) signs(name, vendor, serial string, seats int) {
	s.t.Helper()
	template := filepath.Join(s.t.TempDir(), "template.yaml")
	text := `{serial: ` + serial + `, vendor: V, customer: C, features: [{name: f1, version: "1.0", seats: ` + strconv.Itoa(seats) + `}]}`
	require.NoError(s.t, os.WriteFile(template, []byte(text), 0o600))
	signed := runProgram(s.t, nil, "sign", "--template", template, "--secret-key", vendor+".secret", "--out", s.licence(name))
	require.Zero(s.t, signed.status, signed.errors)
}

// contents returns what the licence of a file says.
func (s *signedServer) contents(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.licence(name))
	require.NoError(s.t, err)
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(string(text), ".")[2])
	require.NoError(s.t, err)
	return string(raw[:len(raw)-64]) // the signature
}

// signsText puts a licence among those of the server that says what no template can.
func (s *signedServer) signsText(name, contents string) {
	s.t.Helper()
	file, err := os.ReadFile(s.vendor + ".secret")
	require.NoError(s.t, err)
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(lines[len(lines)-1], "k4.secret."))
	require.NoError(s.t, err)
	key, err := paseto.NewV4AsymmetricSecretKeyFromBytes(raw)
	require.NoError(s.t, err)
	id := strings.TrimPrefix(lines[1], "# key id: ")
	token, err := paseto.NewTokenFromClaimsJSON([]byte(contents), []byte(`{"kid":"`+id+`"}`))
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(s.licence(name), []byte(token.V4Sign(key, nil)), 0o600))
}

// reloads sends SIGHUP and returns what the log says of it.
func (s *signedServer) reloads() string {
	s.t.Helper()
	const last = "msg=\"certificates " // reloaded, or not
	before := s.log.String()
	s.signal(syscall.SIGHUP)
	s.eventually(func() bool { return strings.Count(s.log.String(), last) > strings.Count(before, last) }, "the reload")
	return s.log.String()[len(before):]
}

// eventually waits for what comes by itself.
func (s *signedServer) eventually(came func() bool, what string) {
	s.t.Helper()
	require.Eventually(s.t, came, waitTime, 2*time.Millisecond, "%s did not come: %s", what, &s.log)
}
