package supervisor

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of options and events into README.md")

const readme = "../README.md"

func TestReadmeListsEveryOptionWithItsDefault(t *testing.T) {
	holdsBlock(t, "options", renderOptions(t))
}

func TestReadmeListsEveryEvent(t *testing.T) { holdsBlock(t, "events", renderEvents(t)) }

// holdsBlock compares what stands between the comments <!-- name:begin --> and <!-- name:end -->.
func holdsBlock(t *testing.T, name, want string) {
	t.Helper()
	first, last := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	head, rest, found := strings.Cut(readReadme(t), first)
	require.True(t, found, "%s has no %s", readme, first)
	block, tail, found := strings.Cut(rest, last)
	require.True(t, found, "%s has no %s", readme, last)
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(head+first+want+last+tail), 0o644))
		return
	}
	assert.Equal(t, want, block, "update it with: go test ./supervisor -run TestReadme -update")
}

func readReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	return string(text)
}

// A reader copies what the README shows: it has to be code that is compiled and run by tests.
func TestReadmeShowsCodeOfTheExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*/*.go")
	require.NoError(t, err)
	var sources strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		sources.WriteString("\n" + string(text))
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(readReadme(t), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		assert.True(t, holdsCode(sources.String(), block[1]),
			"README.md shows code that is not in examples/*/*.go: copy it anew from there\n%s", block[1])
	}
}

// holdsCode reports whether the source has a block of whole lines, indented by up to two tabs more.
func holdsCode(source, block string) bool {
	for _, indent := range []string{"", "\t", "\t\t"} {
		indented := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(block, indent+"$1")
		if strings.Contains(source, "\n"+indented) {
			return true
		}
	}
	return false
}

func TestReadmeNamesProgramsAndFilesThatExist(t *testing.T) {
	text := readReadme(t)
	named := regexp.MustCompile(`go run \./(\S+?)[\s)]`).FindAllStringSubmatch(text, -1)
	named = append(named, regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(text, -1)...)
	require.NotEmpty(t, named)
	for _, n := range named {
		_, err := os.Stat(filepath.Join("..", n[1]))
		assert.NoError(t, err)
	}
}

func TestReadmeNamesBenchmarksThatExist(t *testing.T) {
	commands := regexp.MustCompile(`go test \./(\S+) -run '\^\$' -bench (?:Benchmark)?(\w+)`).FindAllStringSubmatch(readReadme(t), -1)
	require.NotEmpty(t, commands)
	for _, c := range commands {
		files, err := filepath.Glob(filepath.Join("..", c[1], "*_test.go"))
		require.NoError(t, err)
		found := false
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			found = found || strings.Contains(string(source), "\nfunc Benchmark"+c[2]+"(")
		}
		assert.True(t, found, "%s has no Benchmark%s", c[1], c[2])
	}
}
