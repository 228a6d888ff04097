package supervisor

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of options and events into docs")

func TestDocsListEveryOptionWithItsDefault(t *testing.T) {
	requireBlock(t, "../docs/configuration.md", "options", renderOptions(t))
}

func TestDocsListEveryEvent(t *testing.T) {
	requireBlock(t, "../docs/events.md", "events", renderEvents(t))
}

// requireBlock compares what stands between the comments <!-- name:begin --> and <!-- name:end --> of a file, or writes it
// there with -update.
func requireBlock(t *testing.T, file, name, want string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	first, last := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	head, rest, found := strings.Cut(string(text), first)
	require.True(t, found, "%s has no %s", file, first)
	block, tail, found := strings.Cut(rest, last)
	require.True(t, found, "%s has no %s", file, last)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(head+first+want+last+tail), 0o644))
		return
	}
	assert.Equal(t, want, block, "update it with: go test ./supervisor -run TestDocs -update")
}
