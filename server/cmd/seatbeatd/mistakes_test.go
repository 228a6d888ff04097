package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mistake is a command line that cannot work, and what the program says about it.
type mistake struct {
	args   []string
	status int
	says   []string
}

// TestMistakesOfOperatorsAreNamedWithWhatToDo is an operator who does everything wrong once. The page for operators lists
// no message that is not among the answers.
func TestMistakesOfOperatorsAreNamedWithWhatToDo(t *testing.T) {
	s := newSignedServer(t)
	var said strings.Builder
	for _, m := range append(serveMistakes(t, s), otherMistakes(t, s)...) {
		r := runProgramIn(t, s.folder, []string{"SEATBEATD_LISTENN=x"}, m.args...)
		assert.Equal(t, m.status, r.status, "%s: %s", m.args, r.errors)
		for _, want := range m.says {
			assert.Contains(t, r.errors, want, m.args)
		}
		assert.Empty(t, r.out, m.args)
		said.WriteString(r.errors)
	}
	for _, message := range listedMessages(t) {
		assert.Regexp(t, message, said.String())
	}
}

// listedMessages returns patterns of the messages that the page for operators lists.
func listedMessages(t *testing.T) (patterns []string) {
	t.Helper()
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(between(t, "messages"), -1) {
		if strings.HasPrefix(row[1], "permission denied") && os.Geteuid() == 0 {
			continue // root is denied nothing
		}
		patterns = append(patterns, strings.ReplaceAll(regexp.QuoteMeta(row[1]), "…", ".*"))
	}
	require.Greater(t, len(patterns), 20)
	return patterns
}

// serveMistakes are mistakes of somebody who starts a second server while another one runs.
func serveMistakes(t *testing.T, s *signedServer) (all []mistake) {
	other := filepath.Join(t.TempDir(), "other")
	require.Zero(t, runProgram(t, nil, "keygen", "--out", other).status)
	bound := vendor(t, boundTemplate)
	old := vendor(t, thisYear)
	foreign := vendor(t, boundTemplate)
	altered := s.file("altered.lic")
	require.NoError(t, os.WriteFile(altered, []byte(strings.Replace(s.text("base.lic"), "v4.public.ey", "v4.public.eX", 1)), 0o600))
	taken, shared := s.ready.Address, s.sharedToken()
	for _, m := range []mistake{
		{[]string{"--ledger", s.file("none/ledger")}, 2, []string{"--ledger " + s.file("none/ledger"), "the folder " + s.file("none") + " does not exist"}},
		{[]string{"--ledger", s.folder}, 2, []string{"--ledger " + s.folder, "is a folder"}},
		{[]string{"--ledger", s.file(authorityCert)}, 1, []string{s.file(authorityCert), "is no ledger", "it was left as it is"}},
		{[]string{"--ledger", s.file("ledger")}, 1, []string{s.file("ledger"), "is in use by another server: process"}},
		{[]string{"--ledger", ""}, 2, []string{"--ledger: is empty: must be a path"}},
		{[]string{"--license", s.file("none")}, 1, []string{"--license: ", s.file("none"), "no such file"}},
		{[]string{"--license", s.folder + "/empty"}, 1, []string{"--license: ", "/empty has no file that ends in .lic"}},
		{[]string{"--license", s.file(serverCert)}, 1, []string{"--license: ", s.file(serverCert), "name the file that the vendor sent"}},
		{[]string{"--license", bound.license, "--trust", bound.public}, 1, []string{"--license: ", bound.license, "it is for server S1 and this is "}},
		{[]string{"--license", foreign.license}, 1, []string{"--license: ", foreign.license, "refused: wrong key: "}},
		{[]string{"--license", altered}, 1, []string{"--license: ", altered, "refused: "}},
		{[]string{"--trust", s.vendor + ".secret"}, 1, []string{"--trust: ", s.vendor + ".secret", "it is the secret key"}},
		{[]string{"--trust", s.file("none")}, 1, []string{"--trust: ", s.file("none"), "no such file"}},
		{[]string{"--cert", s.file(serverKey), "--key", s.file(serverCert)}, 1, []string{"--cert, --key", s.file(serverKey), "may have been switched"}},
		{[]string{"--key", s.file(clientKey)}, 1, []string{"--cert, --key", s.file(clientKey), "private key does not match public key"}},
		{[]string{"--cert", s.file(clientCert), "--key", s.file(clientKey)}, 1, []string{s.file(clientCert), "is not a server certificate"}},
		{[]string{"--client-ca", s.file(serverKey)}, 1, []string{"--client-ca", s.file(serverKey), "it contains no certificate"}},
		{[]string{"--insecure"}, 2, []string{"--insecure turns TLS off, but --cert, --key or --client-ca is set"}},
		{[]string{"--listen", taken}, 1, []string{"--listen " + taken, "address already in use", "choose another port"}},
		{[]string{"--listen", "127.0.0.1"}, 1, []string{"--listen 127.0.0.1", "must be HOST:PORT"}},
		{[]string{"--listen"}, 2, []string{"--listen needs a value: --listen HOST:PORT"}},
		{[]string{"-listen", taken}, 2, []string{"-listen: a flag begins with two dashes: --listen"}},
		{[]string{"--admin", s.ready.Admin}, 1, []string{"--admin " + s.ready.Admin, "choose another port"}},
		{[]string{"--admin", ":0"}, 2, []string{"--admin :0: must be 127.0.0.1:PORT"}},
		{[]string{"--admin-token", s.file("none/token")}, 1, []string{"--admin-token: ", s.file("none/token"), "no such file"}},
		{[]string{"--admin-token", s.file(serverKey)}, 1, []string{"--admin-token: ", s.file(serverKey), "does not contain a token"}},
		{[]string{"--admin-token", shared}, 1, []string{"--admin-token: ", shared, "other users can read it"}},
		{[]string{"--audit", s.folder}, 1, []string{"--audit: ", s.folder, "is a directory"}},
		{[]string{"--log-level", "loud"}, 2, []string{`--log-level: is "loud": must be debug, info, warn or error`}},
		{[]string{"--log-format", "xml"}, 2, []string{"--log-format", `must be one of "text","json"`}},
		{[]string{"--client-timeout", "5"}, 2, []string{"--client-timeout: ", "missing unit in duration"}},
		{[]string{"--lisence", "x"}, 2, []string{"--lisence", `did you mean "--license"`}},
		{[]string{"extra"}, 2, []string{"unexpected argument extra"}},
	} {
		m.args = append(append([]string{"serve", "--admin", "127.0.0.1:0"}, s.flags("second")...), m.args...)
		all = append(all, m)
	}
	files := []string{"--ledger", s.file("second"), "--license", old.license, "--trust", old.public}
	insecure := append([]string{"serve", "--insecure", "--admin", "off"}, files...)
	return append(all,
		mistake{append(insecure, "--listen", "127.0.0.1:0"), 1, []string{"--license: ", old.license + " refused: expired: "}},
		mistake{append(insecure, "--listen", "0.0.0.0:0"), 2, []string{"--listen 0.0.0.0:0: other machines may not connect without TLS", "--insecure-remote"}},
		mistake{[]string{"serve"}, 2, []string{"--ledger is missing"}},
		mistake{[]string{"serve", "--ledger", s.file("second")}, 2, []string{"--license and --trust are both required"}},
		mistake{append([]string{"serve"}, files...), 2, []string{"--cert, --key and --client-ca are all required", "seatbeatd certs"}},
		mistake{append([]string{"serve", "--insecure-remote"}, files...), 2, []string{"--insecure-remote works only with --insecure"}},
	)
}

// otherMistakes are mistakes with commands other than serve.
func otherMistakes(t *testing.T, s *signedServer) []mistake {
	require.NoError(t, os.WriteFile(s.file("copy.part"), nil, 0o600))
	administer := func(command string, args ...string) []string {
		return append([]string{command, "--admin", s.ready.Admin, "--admin-token", s.file(tokenFile)}, args...)
	}
	return []mistake{
		{[]string{"help", "serv"}, 2, []string{"unexpected argument serv", "seatbeatd --help"}},
		{[]string{"helps"}, 2, []string{"unexpected argument helps", "seatbeatd --help"}},
		{[]string{"serv"}, 2, []string{`did you mean "serve"`}},
		{[]string{"status"}, 2, []string{"--admin-token is missing"}},
		{[]string{"status", "--admin-token", "none"}, 1, []string{"--admin-token: ", s.file("none"), "a server creates its token file when it starts"}},
		{[]string{"status", "--admin", "127.0.0.1:1", "--admin-token", tokenFile}, 1, []string{"no answer from 127.0.0.1:1: ", "check that the server runs"}},
		{[]string{"status", "--admin", s.ready.Address, "--admin-token", tokenFile}, 1, []string{"no answer from " + s.ready.Address}},
		{[]string{"status", "--admin", s.ready.Admin, "--admin-token", s.foreignToken()}, 1, []string{s.ready.Admin + " answered: the token is missing or wrong: use the token file of the server at this address"}},
		{administer("release"), 2, []string{"<lease>"}},
		{administer("release", "x"), 1, []string{`"x" is not a lease`}},
		{administer("release", strings.Repeat("0", 32)), 1, []string{"no client holds this lease"}},
		{administer("backup"), 2, []string{"--out"}},
		{administer("backup", "--out", s.file("ledger")), 1, []string{s.file("ledger") + " already exists and is not overwritten"}},
		{administer("backup", "--out", s.file("copy")), 1, []string{s.file("copy.part") + " already exists: another backup is in progress"}},
		{[]string{"check"}, 2, []string{"--ledger is missing"}},
		{[]string{"check", "--ledger", s.folder}, 2, []string{"is a folder"}},
		{[]string{"check", "--ledger", "ledger"}, 1, []string{s.file("ledger"), "is in use by another server", "check a backup instead"}},
		{[]string{"check", "--config", "none.yaml"}, 2, []string{"--config: open " + s.file("none.yaml"), "no such file"}},
		{[]string{"check", "--config", configured(t, "# comment\nledgre: x\n")}, 2, []string{`line 2: "ledgre" is not the name of a flag`, "seatbeatd check --help"}},
		{[]string{"check", "--config", configured(t, "ledger:\n")}, 2, []string{"line 1: ledger has no value: set it, or remove the line"}},
		{[]string{"certs", "--out", s.folder, "--server", "localhost"}, 1, []string{s.file(serverCert) + " already exists and is not overwritten"}},
		{[]string{"keygen"}, 2, []string{"--out is missing"}},
		{[]string{"sign", "--template", "x"}, 2, []string{"--template and --secret-key are both required"}},
		{[]string{"inspect", "none"}, 1, []string{s.file("none"), "no such file"}},
	}
}

func TestPermissionDeniedNamesTheUserToBe(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root is denied nothing")
	}
	s := newSignedServer(t)
	require.NoError(t, os.Chmod(s.file(tokenFile), 0))
	r := administer(t, s.process, s.folder, "status")
	assert.Equal(t, exitFailed, r.status)
	assert.Contains(t, r.errors, "permission denied: run the command as the user that runs the server")
}

func TestMistakesInTheEnvironmentAreNamed(t *testing.T) {
	r := runProgram(t, []string{"SEATBEATD_CLIENT_WAITING=many"}, "serve", "--dev")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.errors, `SEATBEATD_CLIENT_WAITING="many"`)
	r = runProgram(t, []string{"SEATBEATD_LEDGER="}, "check")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.errors, `--ledger: is empty: must be a path (from envar SEATBEATD_LEDGER="")`)
	r = runProgram(t, []string{"SEATBEATD_LEDGRE=x", "SEATBEATD_PORT=tcp://10.0.0.1:6200", "SEATBEATD_SERVICE_HOST=10.0.0.1"}, "check", "--ledger", "none")
	assert.Contains(t, r.errors, "environment variable SEATBEATD_LEDGRE matches no flag and is ignored")
	assert.NotContains(t, r.errors, "SEATBEATD_PORT")
	assert.NotContains(t, r.errors, "SEATBEATD_SERVICE_HOST")
	r = runProgram(t, []string{"SEATBEATD_CLIENT_WAITNG=9"}, "serve", "--unknown")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.errors, "environment variable SEATBEATD_CLIENT_WAITNG matches no flag", "also when the command line is wrong")
}

func TestStatusWarnsOfAnUnknownFeature(t *testing.T) {
	folder := t.TempDir()
	r := administer(t, serveDev(t, folder), folder, "status", "--feature", "f3")
	assert.Equal(t, 0, r.status)
	assert.Contains(t, r.errors, "warning: --feature f3: the server has no such feature")
}
