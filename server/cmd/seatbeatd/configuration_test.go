package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// configured writes a configuration file.
func configured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seatbeatd.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// checked runs "seatbeatd check", which names the ledger that it was told of in its error.
func checked(t *testing.T, variables []string, args ...string) string {
	t.Helper()
	r := seatbeatdRuns(t, variables, append([]string{"check"}, args...)...)
	require.Equal(t, 1, r.status, r.errors)
	return r.errors
}

func TestFlagsComeBeforeEnvironmentBeforeConfigurationFile(t *testing.T) {
	file := configured(t, "ledger: /from/file\n")
	variable := []string{"SEATBEATD_LEDGER=/from/environment"}
	assert.Contains(t, checked(t, nil, "--config", file), "/from/file")
	assert.Contains(t, checked(t, []string{"SEATBEATD_CONFIG=" + file}), "/from/file")
	assert.Contains(t, checked(t, variable, "--config", file), "/from/environment")
	assert.Contains(t, checked(t, variable, "--config", file, "--ledger", "/from/flag"), "/from/flag")
}

func TestConfigurationFileServesAllCommands(t *testing.T) {
	file := configured(t, "ledger: /from/file\nlisten: :6200\nclient-timeout: 10m\ninsecure: no\n")
	assert.Contains(t, checked(t, nil, "--config", file), "/from/file")
}

func TestFaultyConfigurationFileIsRefusedAndNamed(t *testing.T) {
	for text, want := range map[string]string{
		"ledgre: x":             `"ledgre" is not the name of a flag`,
		"config: x":             `"config" is not the name of a flag`,
		"ledger: {a: b}":        "ledger, line 1: expected is a value",
		"ledger: [[a]]":         "ledger, line 1: expected is a list of plain values",
		"ledger: [":             "line 1",
		"drain: soon":           "--drain",
		"ledger: a\nledger: b":  "already",
		"drain: 1s\ndrain : 2s": "already",
	} {
		r := seatbeatdRuns(t, nil, "serve", "--config", configured(t, text))
		assert.Equal(t, 2, r.status, text)
		assert.Contains(t, r.errors, want, text)
	}
}
