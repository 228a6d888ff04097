package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/licensefile"
)

// operatingFile is the page for operators. The tests in this file hold it to what the program does.
const operatingFile = "../../../docs/operating.md"

func operatingPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(operatingFile)
	require.NoError(t, err)
	return string(text)
}

// codeBlocks returns the code blocks of the page in a language.
func codeBlocks(t *testing.T, language string) (blocks []string) {
	t.Helper()
	pattern := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, match := range pattern.FindAllStringSubmatch(operatingPage(t), -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// between returns the part of the page between two marks of a name.
func between(t *testing.T, name string) string {
	t.Helper()
	_, rest, begins := strings.Cut(operatingPage(t), "<!-- "+name+":begin -->\n")
	part, _, ends := strings.Cut(rest, "<!-- "+name+":end -->")
	require.True(t, begins && ends, name)
	return part
}

// operator follows the page as people do: one block of commands after the other, in terminals with bash.
type operator struct {
	t       *testing.T
	folder  string
	replace *strings.Replacer // gives the test folders and ports of its own
}

func TestAnOperatorWhoFollowsThePageServesASignedLicence(t *testing.T) {
	blocks := codeBlocks(t, "sh")
	require.Len(t, blocks, 10)
	demo := filepath.Join(t.TempDir(), "demo")
	o := operator{t: t, folder: "../../..", replace: strings.NewReplacer("demo", demo, "6200", freePort(t), "6280", freePort(t))}
	o.runs(blocks[0])
	o.folder = demo
	assert.Contains(t, o.runs(blocks[1]), "valid      yes")
	assert.Contains(t, o.runs(blocks[2]), "ca.key  SECRET")
	serve, status := blocks[3], blocks[5]
	server := o.starts(serve, `"ready":true`)
	client := o.starts(blocks[4], "held")
	table := o.runs(status)
	assert.Regexp(t, `f1 +9\.9 +1 +5 `, table)
	assert.Contains(t, table, `"cn:ada"`)

	o.runs(blocks[6])
	assert.Regexp(t, `f1 +9\.9 +1 +10 `, o.runs(status), "the seats of both licences")
	o.runs(blocks[7])
	assert.Regexp(t, `f1 +9\.9 +0 +10 `, o.runs(status), "after the release")
	assert.Contains(t, o.runs(blocks[8]), "0 leases held, 1 ended")

	o.stops(client)
	o.stops(server)
	require.NoError(t, os.Truncate(filepath.Join(demo, "ledger"), 8192)) // a damaged ledger
	assert.Contains(t, o.runs(blocks[9]), "is in order")
	o.starts(strings.TrimSpace(serve), `"ready":true`)
	assert.Regexp(t, `f1 +9\.9 +0 +10 `, o.runs(status), "after the restore")
}

// bash returns a terminal with commands typed into it.
func (o operator) bash(commands string) *exec.Cmd {
	cmd := exec.CommandContext(o.t.Context(), "bash", "-e", "-c", o.replace.Replace(commands))
	cmd.Dir = o.folder
	return cmd
}

// runs runs commands to their end and returns what they print.
func (o operator) runs(commands string) string {
	o.t.Helper()
	out, err := o.bash(commands).CombinedOutput()
	require.NoError(o.t, err, "%s\n%s", commands, out)
	return string(out)
}

// starts runs commands, of which the last one keeps running, and returns when that has printed a line with a text in it.
// The last command replaces the shell, so that it gets the signals.
func (o operator) starts(commands, text string) *exec.Cmd {
	o.t.Helper()
	lines := strings.SplitAfter(strings.TrimSpace(commands), "\n")
	lines[len(lines)-1] = "exec " + lines[len(lines)-1]
	cmd := o.bash(strings.Join(lines, ""))
	var log lockedBuffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	require.NoError(o.t, err)
	require.NoError(o.t, cmd.Start())
	o.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	defer time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }).Stop() // ends its output
	for printed := bufio.NewReader(out); ; {
		line, err := printed.ReadString('\n')
		require.NoError(o.t, err, "%q was not printed by\n%s\n%s", text, commands, &log)
		if strings.Contains(line, text) {
			return cmd
		}
	}
}

// stops presses Ctrl-C.
func (o operator) stops(cmd *exec.Cmd) {
	o.t.Helper()
	require.NoError(o.t, cmd.Process.Signal(syscall.SIGINT))
	assert.NoError(o.t, cmd.Wait())
}

// freePort returns a port that is not in use at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func TestThePageListsTheFlagsOfServe(t *testing.T) {
	table := flagTable(t)
	if *update {
		const begin = "<!-- flags:begin -->\n"
		page := strings.Replace(operatingPage(t), begin+between(t, "flags"), begin+table, 1)
		require.NoError(t, os.WriteFile(operatingFile, []byte(page), 0o644))
	}
	assert.Equal(t, table, between(t, "flags"), "run go test ./server/cmd/seatbeatd -update")
}

// flagTable returns the flags of serve as a table in Markdown.
func flagTable(t *testing.T) string {
	t.Helper()
	parser, err := newParser(t.Context(), nil, nil)
	require.NoError(t, err)
	var table strings.Builder
	table.WriteString("| flag | meaning |\n| --- | --- |\n")
	for _, command := range parser.Model.Leaves(true) {
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			fmt.Fprintf(&table, "| `%s` | %s |\n", flag.Summary(), helpWithDefault(flag.Value))
		}
	}
	return table.String()
}

func TestTheConfigurationFileOfThePageIsValid(t *testing.T) {
	blocks := codeBlocks(t, "yaml")
	require.Len(t, blocks, 1)
	assert.NoError(t, parse(t, "serve", "--config", configured(t, blocks[0])))
}

func TestTheServiceUnitOfThePageIsValid(t *testing.T) {
	blocks := codeBlocks(t, "ini")
	require.Len(t, blocks, 1)
	config := configured(t, codeBlocks(t, "yaml")[0])
	commands := regexp.MustCompile(`(?m)^Exec\w+=/usr/local/bin/seatbeatd (.*)$`).FindAllStringSubmatch(blocks[0], -1)
	require.Len(t, commands, 2)
	for _, command := range commands {
		assert.NoError(t, parse(t, strings.Fields(strings.ReplaceAll(command[1], "/etc/seatbeatd/seatbeatd.yaml", config))...))
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	unit := filepath.Join(t.TempDir(), "seatbeatd.service")
	text := strings.NewReplacer("/usr/local/bin/seatbeatd", programPath, "man:seatbeatd(8)", "man:bash(1)").Replace(blocks[0])
	require.NoError(t, os.WriteFile(unit, []byte(text), 0o600))
	out, _ := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit).CombinedOutput() // fails for other units, too
	assert.NotContains(t, string(out), unit+":", "a warning about a line")
}

// parse parses a command line without running it.
func parse(t *testing.T, args ...string) error {
	t.Helper()
	parser, err := newParser(t.Context(), nil, nil)
	require.NoError(t, err)
	_, err = parser.Parse(args)
	return err
}

func TestThePageNamesTheLimitsOfTheServer(t *testing.T) {
	_, section, _ := strings.Cut(operatingPage(t), "\n## Limits\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var named []string
	for _, row := range regexp.MustCompile(`(?m)^\| [^|]+ \| ([\d,]+) \|`).FindAllStringSubmatch(section, -1) {
		named = append(named, strings.ReplaceAll(row[1], ",", ""))
	}
	var want []string
	for _, limit := range []int{
		server.DefaultSourceConnections, server.DefaultWaiting, server.DefaultClientWaiting, server.DefaultClients, server.DefaultLeases,
		server.DefaultIdentityRate, server.DefaultIdentityRate, server.IdentityStreams,
		server.DefaultClientLeases, server.DefaultRate, server.DefaultInFlight, licensefile.MaxFiles,
	} {
		want = append(want, fmt.Sprint(limit))
	}
	assert.Equal(t, want, named)
}
