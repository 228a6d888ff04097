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

	"github.com/seatbeat/seatbeat/server/admin"
)

// waitTime is how long a test waits for something that happens soon.
const waitTime = time.Minute

// signedServer is a running server with signed licences and the certificates of "seatbeatd certs".
type signedServer struct {
	t        *testing.T
	folder   string // of the operator: ledger, certificates, token
	licences string // the folder of licence files
	vendor   string // path of the vendor's key pair, without extension
	*process
}

func newSignedServer(t *testing.T) *signedServer {
	s := &signedServer{t: t, folder: t.TempDir(), vendor: filepath.Join(t.TempDir(), "vendor")}
	s.licences = filepath.Join(s.folder, "licences")
	require.NoError(t, os.Mkdir(s.licences, 0o700))
	require.Zero(t, runProgram(t, nil, "keygen", "--out", s.vendor).status)
	s.signs("base.lic", s.vendor, "base", 2)
	s.certs(s.folder)
	require.NoError(t, os.Mkdir(s.file("empty"), 0o700))
	s.process = serve(t, s.flags("ledger")...)
	return s
}

// flags returns the flags of serve for a ledger in the folder.
func (s *signedServer) flags(ledger string) []string {
	return []string{"--listen", "127.0.0.1:0", "--ledger", s.file(ledger), "--license", s.licences, "--trust", s.vendor + ".public",
		"--cert", s.file(serverCert), "--key", s.file(serverKey), "--client-ca", s.file(authorityCert)}
}

func (s *signedServer) file(name string) string { return filepath.Join(s.folder, name) }

func (s *signedServer) licence(name string) string { return filepath.Join(s.licences, name) }

// certs makes certificates for a server and a client in a folder, and an authority if the folder has none.
func (s *signedServer) certs(folder string) {
	s.t.Helper()
	made := runProgram(s.t, nil, "certs", "--out", folder, "--server", "127.0.0.1", "--client", "client")
	require.Zero(s.t, made.status, made.errors)
}

// signs adds a licence for seats of f1 to the folder of licences.
func (s *signedServer) signs(name, vendor, serial string, seats int) {
	s.t.Helper()
	template := filepath.Join(s.t.TempDir(), "template.yaml")
	text := `{serial: ` + serial + `, vendor: V, customer: C, features: [{name: f1, version: "1.0", seats: ` + strconv.Itoa(seats) + `}]}`
	require.NoError(s.t, os.WriteFile(template, []byte(text), 0o600))
	signed := runProgram(s.t, nil, "sign", "--template", template, "--secret-key", vendor+".secret", "--out", s.licence(name))
	require.Zero(s.t, signed.status, signed.errors)
}

// text returns a licence file.
func (s *signedServer) text(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.licence(name))
	require.NoError(s.t, err)
	return string(text)
}

// contents returns the contents of a licence file, as JSON.
func (s *signedServer) contents(name string) string {
	s.t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(s.text(name), ".")[2])
	require.NoError(s.t, err)
	return string(raw[:len(raw)-64]) // without the signature
}

// signsText adds a licence with contents that no template can express.
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

// reloads sends SIGHUP and returns the log of the reload.
func (s *signedServer) reloads() string {
	s.t.Helper()
	const last = "msg=\"certificates " // reloaded or not, which comes last
	before := s.log.String()
	s.signal(syscall.SIGHUP)
	s.eventually(func() bool { return strings.Count(s.log.String(), last) > strings.Count(before, last) }, "the reload")
	return s.log.String()[len(before):]
}

// eventually waits for something that happens by itself.
func (s *signedServer) eventually(happened func() bool, what string) {
	s.t.Helper()
	require.Eventually(s.t, happened, waitTime, 2*time.Millisecond, "no sign of %s: %s", what, &s.log)
}

// sharedToken returns a copy of the token file that other users can read.
func (s *signedServer) sharedToken() string {
	s.t.Helper()
	text, err := os.ReadFile(s.file(tokenFile))
	require.NoError(s.t, err)
	path := s.file("shared-token")
	require.NoError(s.t, os.WriteFile(path, text, 0o644))
	return path
}

// foreignToken returns the token file of another server.
func (s *signedServer) foreignToken() string {
	s.t.Helper()
	path := s.file("foreign-token")
	_, err := admin.MakeToken(path)
	require.NoError(s.t, err)
	return path
}
