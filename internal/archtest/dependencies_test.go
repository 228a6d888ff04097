package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	// requirement matches a direct dependency of go.mod: one without the comment "// indirect".
	requirement = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)
	// anyRequirement matches an indirect one, too.
	anyRequirement = regexp.MustCompile(`(?m)^\t(\S+) v\S+`)
	// explanation matches a row of the table in CONTRIBUTING.md.
	explanation = regexp.MustCompile("(?m)^\\| `(\\S+)` \\|")
)

// Modules within ours. The benchmarks have their own go.mod so that what they compare us with is no dependency of ours, and
// the herd so that what draws its picture is none.
const (
	nested  = "examples/measure/bench"
	drawing = "examples/measure/herd"
)

func TestContributingExplainsEveryDirectDependency(t *testing.T) {
	explained := matches(t, "CONTRIBUTING.md", explanation)
	for _, module := range matches(t, "go.mod", requirement) {
		assert.Contains(t, explained, module)
	}
}

func TestWhatTheBenchmarksCompareWithIsNoDependencyOfOurs(t *testing.T) {
	ours, theirs := matches(t, "go.mod", anyRequirement), matches(t, nested+"/go.mod", requirement)
	peers := 0
	for _, m := range theirs {
		if strings.HasPrefix(m, "go.etcd.io/etcd/") {
			peers++
			assert.NotContains(t, ours, m)
		}
	}
	assert.Positive(t, peers)
}

func TestBenchmarksRunTheCodeBesideThem(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, nested, "go.mod"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "\nreplace "+module+" => ../../..\n")
}

func TestOurModuleHasNoOtherWithinItThanTheBenchmarksAndTheHerd(t *testing.T) {
	var found []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "go.mod" && filepath.Dir(name) != filepath.Clean(root) {
			found = append(found, filepath.ToSlash(filepath.Dir(name)))
		}
		return err
	})
	require.NoError(t, err)
	assert.Equal(t, []string{root + "/" + nested, root + "/" + drawing}, found)
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
