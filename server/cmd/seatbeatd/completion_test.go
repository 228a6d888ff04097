package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// completed returns the completions of a command line whose last word is being typed. Descriptions are left out.
func completed(t *testing.T, words ...string) (candidates []string) {
	t.Helper()
	r := runProgram(t, []string{"SEATBEATD_CONFIG=/none", "SEATBEATD_NONE=1"}, append([]string{completeArgument}, words...)...)
	require.Equal(t, 0, r.status, r.errors)
	require.Empty(t, r.errors)
	for line := range strings.Lines(r.out) {
		candidate, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		candidates = append(candidates, candidate)
	}
	return candidates
}

func TestCommandsFlagsAndValuesAreCompleted(t *testing.T) {
	assert.Equal(t, visibleCommands(t), completed(t, ""))
	assert.Equal(t, []string{"status"}, completed(t, "st"))
	assert.Equal(t, []string{"--client-timeout", "--client-ca", "--client-waiting"}, completed(t, "serve", "--client"))
	assert.Equal(t, []string{"--feature"}, completed(t, "--config", "x", "status", "--json", "--f"))
	assert.Equal(t, []string{"bash", "zsh", "fish"}, completed(t, "completion", ""))
	assert.Equal(t, []string{"text", "json"}, completed(t, "serve", "--log-format", ""))
	assert.Equal(t, []string{"json"}, completed(t, "serve", "--log-format=j"))
	assert.Equal(t, []string{"json"}, completed(t, "serve", "--log-format", "=", "j"), "as bash splits it")
	assert.Equal(t, []string{"text", "json"}, completed(t, "serve", "--log-format", "="))
	assert.Empty(t, completed(t, "serve", "--listen", ""))
	assert.Empty(t, completed(t, "status", ""))
	assert.Empty(t, completed(t))
}

func TestPathsAreLeftToTheShell(t *testing.T) {
	assert.Equal(t, []string{completeFiles}, completed(t, "serve", "--ledger", "x"))
	assert.Equal(t, []string{completeFiles}, completed(t, "serve", "--ledger=x"))
	assert.Equal(t, []string{completeFiles}, completed(t, "inspect", ""))
	assert.Equal(t, []string{completeFolders}, completed(t, "certs", "--out", ""))
}
