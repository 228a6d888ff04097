package main

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write generated files anew: the manual page and the table of flags")

// manualFile is the manual page in the repository.
const manualFile = "seatbeatd.8"

func TestTheManualPageIsWhatTheProgramPrints(t *testing.T) {
	r := runProgram(t, nil, "man")
	require.Equal(t, 0, r.status, r.errors)
	if *update {
		require.NoError(t, os.WriteFile(manualFile, []byte(r.out), 0o644))
	}
	page, err := os.ReadFile(manualFile)
	require.NoError(t, err)
	assert.Equal(t, string(page), r.out, "run go test ./server/cmd/seatbeatd -update")
}

func TestTheManualPageHasEachCommandAndFlag(t *testing.T) {
	page := runProgram(t, nil, "man").out
	for _, name := range visibleCommands(t) {
		assert.Contains(t, page, "\n.SS seatbeatd "+name)
	}
	parser, err := newParser(t.Context(), nil, nil)
	require.NoError(t, err)
	for _, flag := range allFlags(parser.Model.Node) {
		assert.Contains(t, page, `\fB\-\-`+strings.ReplaceAll(flag.Name, "-", `\-`)+`\fR`)
	}
	assert.NotContains(t, page, "seatbeatd man")
}

func TestTheManualPageIsWellFormed(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("mandoc is not installed")
	}
	out, _ := exec.CommandContext(t.Context(), mandoc, "-Tlint", manualFile).CombinedOutput()
	for line := range strings.Lines(string(out)) { // a page of the program has no date of its own
		assert.Contains(t, line, "WARNING: missing date")
	}
}
