package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	// requirement matches a direct dependency of go.mod: one without the comment "// indirect".
	requirement = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)
	// explanation matches a row of the table in CONTRIBUTING.md.
	explanation = regexp.MustCompile("(?m)^\\| `(\\S+)` \\|")
)

func TestContributingExplainsEveryDirectDependency(t *testing.T) {
	explained := matches(t, "CONTRIBUTING.md", explanation)
	for _, module := range matches(t, "go.mod", requirement) {
		assert.Contains(t, explained, module)
	}
}

// matches returns what the pattern's group matched in a file of the root.
func matches(t *testing.T, file string, pattern *regexp.Regexp) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	var found []string
	for _, match := range pattern.FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[1])
	}
	return found
}
