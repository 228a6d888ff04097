package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// configured writes a configuration file into a folder of its own.
func configured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seatbeatd.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// checked runs "seatbeatd check" in a folder, which fails with an error that names the ledger it was given.
func checked(t *testing.T, folder string, variables []string, args ...string) string {
	t.Helper()
	r := runProgramIn(t, folder, variables, append([]string{"check"}, args...)...)
	require.Equal(t, exitFailed, r.status, r.errors)
	return r.errors
}

func TestFlagsComeBeforeEnvironmentBeforeConfigurationFile(t *testing.T) {
	file := configured(t, "ledger: /from/file\n")
	variable := []string{"SEATBEATD_LEDGER=/from/environment"}
	assert.Contains(t, checked(t, "", nil, "--config", file), "/from/file")
	assert.Contains(t, checked(t, "", []string{"SEATBEATD_CONFIG=" + file}), "/from/file")
	assert.Contains(t, checked(t, "", variable, "--config", file), "/from/environment")
	assert.Contains(t, checked(t, "", variable, "--config", file, "--ledger", "/from/flag"), "/from/flag")
}

func TestConfigurationFileServesAllCommands(t *testing.T) {
	file := configured(t, "ledger: /from/file\nlisten: :6200\nclient-timeout: 10m\ninsecure: no\n")
	assert.Contains(t, checked(t, "", nil, "--config", file), "/from/file")
}

func TestRelativePathsOfAConfigurationFileStartAtItsFolder(t *testing.T) {
	file, elsewhere := configured(t, "ledger: data/ledger\n"), t.TempDir()
	home := filepath.Dir(file)
	assert.Contains(t, checked(t, elsewhere, nil, "--config", file), filepath.Join(home, "data", "ledger"))
	relative, err := filepath.Rel(elsewhere, file)
	require.NoError(t, err)
	assert.Contains(t, checked(t, elsewhere, nil, "--config", relative), filepath.Join(home, "data", "ledger"))
	assert.Contains(t, checked(t, elsewhere, []string{"SEATBEATD_CONFIG=" + relative}), filepath.Join(home, "data", "ledger"))
	assert.Contains(t, checked(t, elsewhere, nil, "--config", configured(t, "ledger: ../data/ledger\n")), "/data/ledger")
}

func TestRelativePathsOfFlagsAndVariablesStartAtTheWorkingDirectory(t *testing.T) {
	file, elsewhere := configured(t, "ledger: data/ledger\n"), t.TempDir()
	assert.Contains(t, checked(t, elsewhere, nil, "--config", file, "--ledger", "here"), filepath.Join(elsewhere, "here"))
	assert.Contains(t, checked(t, elsewhere, []string{"SEATBEATD_LEDGER=here"}, "--config", file), filepath.Join(elsewhere, "here"))
}

func TestOnlyRelativePathsOfAConfigurationFileAreChanged(t *testing.T) {
	file := configured(t, "")
	in := func(name string) string { return filepath.Join(filepath.Dir(file), name) }
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	parser, err := newParser(t.Context(), nil, nil)
	require.NoError(t, err)
	flags := allFlags(parser.Model.Node)
	for text, want := range map[string]any{
		"license: one.lic":              []any{in("one.lic")},
		"license: one.lic,sub/two.lic":  []any{in("one.lic"), in("sub/two.lic")},
		"license: [one.lic, ../two]":    []any{in("one.lic"), in("../two")},
		"license:\n- /one.lic\n- ~/two": []any{"/one.lic", filepath.Join(home, "two")},
		"audit: log":                    in("log"),
		"audit: '-'":                    "-",
		"client: ada,grace":             []any{"ada", "grace"}, // no paths
		"log-format: json":              "json",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		c, err := readConfiguration(file, flags)
		require.NoError(t, err, text)
		name, _, _ := strings.Cut(text, ":")
		flag := slices.IndexFunc(flags, func(f *kong.Flag) bool { return f.Name == name })
		got, err := c.Resolve(nil, nil, flags[flag])
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestAServerFindsTheFilesOfItsConfigurationFromEveryFolder(t *testing.T) {
	s := newSignedServer(t)
	require.Equal(t, 0, s.stops())
	file := s.file("seatbeatd.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
listen: 127.0.0.1:0
ledger: ledger
license: [licences]
trust: vendor.public
cert: server.pem
key: server.key
client-ca: ca.pem
audit: audit
`), 0o600))
	public, err := os.ReadFile(s.vendor + ".public")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.file("vendor.public"), public, 0o600))
	p := serveIn(t, t.TempDir(), "--config", file)
	assert.Equal(t, s.ready.ServerID, p.ready.ServerID, "of the ledger")
	assert.Equal(t, wire.Result_RESULT_GRANTED, connect(t, p, s.folder).takes("f1", 2).Result)
	assert.FileExists(t, s.file("audit"))
	status := runProgramIn(t, t.TempDir(), nil, "status", "--admin", p.ready.Admin, "--config", configured(t, "admin-token: "+s.file(tokenFile)))
	assert.Equal(t, 0, status.status, status.errors)
}

func TestFaultyConfigurationFileIsRefusedAndNamed(t *testing.T) {
	for text, want := range map[string]string{
		"ledgre: x":             `"ledgre" is not the name of a flag`,
		"config: x":             `"config" is not the name of a flag`,
		"version: 1":            `"version" is not the name of a flag`,
		"help: yes":             `"help" is not the name of a flag`,
		"ledger: {a: b}":        "line 1: ledger must be a value or a list of values",
		"ledger: [[a]]":         "line 1: ledger must be a list of plain values",
		"ledger: ['']":          "line 1: ledger must be a list of plain values",
		"drain: 1s\nledger:":    "line 2: ledger has no value",
		"listen: ''":            "line 1: listen has no value",
		"ledger: [":             "line 1",
		"drain: soon":           "--drain",
		"ledger: a\nledger: b":  "already",
		"drain: 1s\ndrain : 2s": "already",
	} {
		r := runProgram(t, nil, "serve", "--config", configured(t, text))
		assert.Equal(t, exitUsage, r.status, text)
		assert.Contains(t, r.errors, want, text)
	}
}
