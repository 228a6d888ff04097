package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readmeLines is the most lines of README.md. What is longer has a page in docs.
const readmeLines = 200

func TestReadmeIsShort(t *testing.T) {
	assert.LessOrEqual(t, strings.Count(readFile(t, "README.md"), "\n"), readmeLines)
}

// A reader copies the Go code of the documents: it has to be code that is compiled and run by tests.
func TestDocsShowCodeOfTheExamples(t *testing.T) {
	var sources strings.Builder
	for _, file := range goFiles(t) {
		if strings.HasPrefix(file, "examples/") {
			sources.WriteString("\n" + readFile(t, file))
		}
	}
	shown := 0
	for _, file := range docs(t) {
		for _, block := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(readFile(t, file), -1) {
			shown++
			assert.True(t, hasCode(sources.String(), block[1]),
				"%s shows code that no file of examples has: copy it anew from there\n%s", file, block[1])
		}
	}
	assert.Positive(t, shown)
}

// hasCode reports whether the source has a block of whole lines, indented by up to two tabs more.
func hasCode(source, block string) bool {
	return slices.ContainsFunc([]string{"", "\t", "\t\t"}, func(indent string) bool {
		return strings.Contains(source, "\n"+regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(block, indent+"$1"))
	})
}

func TestDocsLinkToFilesAndHeadingsThatExist(t *testing.T) {
	for _, file := range docs(t) {
		for _, link := range regexp.MustCompile(`\]\(([^()\s]+)\)`).FindAllStringSubmatch(withoutCode(readFile(t, file)), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			target, heading, _ := strings.Cut(link[1], "#")
			to := file
			if target != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(file), target))
			}
			if !assert.True(t, exists(to), "%s links to %s", file, link[1]) || heading == "" {
				continue
			}
			assert.Contains(t, anchors(readFile(t, to)), heading, "%s links to %s", file, link[1])
		}
	}
}

// anchors returns the names that GitHub gives to the headings of a document.
func anchors(text string) []string {
	var names []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(withoutCode(text), -1) {
		name := strings.ReplaceAll(strings.ToLower(heading[1]), " ", "-")
		names = append(names, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(name, ""))
	}
	return names
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	assert.Equal(t, []string{"1-words-and-rules", "a-take-in-the-server", "seatbeatd-serve"},
		anchors("# 1. Words and rules\ntext\n## A take, in the server\n```\n# no heading\n```\n### `seatbeatd serve`\n"))
}

// Folders and files of this repository that are named in code spans, and programs and packages of commands.
var (
	namedPath    = regexp.MustCompile("`((?:actors|docs|examples|internal|messages|server|supervisor|transport)/[\\w./-]*)`")
	namedProgram = regexp.MustCompile(`go (?:run|test|build|vet)(?: -[\w=]+)* \./([\w./-]+)`)
	namedModule  = regexp.MustCompile(`go -C ([\w./-]+) `)
)

// The changelog may name what is gone.
func TestDocsNameFilesThatExist(t *testing.T) {
	for _, file := range docs(t) {
		if file == "CHANGELOG.md" {
			continue
		}
		text := readFile(t, file)
		for _, pattern := range []*regexp.Regexp{namedPath, namedProgram, namedModule} {
			for _, named := range pattern.FindAllStringSubmatch(text, -1) {
				name := strings.Trim(strings.TrimSuffix(named[1], "..."), "./")
				assert.True(t, name == "" || exists(name), "%s names %s", file, name)
			}
		}
	}
}

func TestDocsNameBenchmarksThatExist(t *testing.T) {
	command := regexp.MustCompile(`go test \./(\S+) -run '\^\$' -bench (?:Benchmark)?(\w+)`)
	found := 0
	for _, file := range docs(t) {
		for _, c := range command.FindAllStringSubmatch(readFile(t, file), -1) {
			found++
			assert.True(t, declares(t, c[1], "Benchmark"+c[2]), "%s names Benchmark%s of %s", file, c[2], c[1])
		}
	}
	assert.Positive(t, found)
}

// declares reports whether a test file of a folder has a function of this name.
func declares(t *testing.T, folder, function string) bool {
	t.Helper()
	return slices.ContainsFunc(goFiles(t), func(file string) bool {
		return filepath.ToSlash(filepath.Dir(file)) == folder && strings.Contains(readFile(t, file), "\nfunc "+function+"(")
	})
}

// A promise names the test that holds it, or how the names of such tests begin: TestLimit_.
func TestDocsNameTestsThatExist(t *testing.T) {
	var sources strings.Builder
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			sources.WriteString(readFile(t, file))
		}
	}
	found := 0
	for _, file := range docs(t) {
		for _, named := range regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`").FindAllStringSubmatch(readFile(t, file), -1) {
			found++
			name := named[1]
			if !strings.HasSuffix(name, "_") {
				name += "("
			}
			assert.True(t, has(sources.String(), "\nfunc "+name), "%s names %s", file, named[1])
		}
	}
	assert.Positive(t, found)
}

// Each input in the generated table of states is explained above it.
func TestDocsExplainEveryInputOfTheTableOfStates(t *testing.T) {
	text := readFile(t, "docs/states.md")
	rows := regexp.MustCompile(`(?m)^\| [A-Z][^|]*\| (\w+)`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		assert.True(t, has(text, "\n| `"+row[1]+"` | "), "docs/states.md does not explain %s", row[1])
	}
}

// Comments cite the rules by number.
func TestDocsHaveEveryRuleThatCodeCites(t *testing.T) {
	rules := readFile(t, "docs/rules.md")
	cited := 0
	for _, file := range goFiles(t) {
		for _, rule := range regexp.MustCompile(`[Rr]ule (\d+)\b`).FindAllStringSubmatch(readFile(t, file), -1) {
			cited++
			assert.True(t, has(rules, "\n### Rule "+rule[1]+": "), "%s cites rule %s", file, rule[1])
		}
	}
	assert.Positive(t, cited)
}

// A test control that docs/testing.md lists is a method of the test network or of its servers.
func TestDocsListControlsOfTheTestKitThatExist(t *testing.T) {
	var sources strings.Builder
	for _, file := range goFiles(t) {
		if filepath.ToSlash(filepath.Dir(file)) == "transport/transporttest" {
			sources.WriteString(readFile(t, file))
		}
	}
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(readFile(t, "docs/testing.md"), -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		method := regexp.MustCompile(`\nfunc \(\w+ \*(Server|Network)\) ` + row[1] + `\(`)
		assert.True(t, method.MatchString(sources.String()), "docs/testing.md lists %s", row[1])
	}
}

// The figures of the README are rows of docs/performance.md.
func TestReadmeHasFiguresOfTheDocs(t *testing.T) {
	_, section, found := strings.Cut(readFile(t, "README.md"), "\n## Performance\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile(`(?m)^\|.*$`).FindAllString(section, -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		assert.True(t, has(readFile(t, "docs/performance.md"), "\n"+row+"\n"), row)
	}
}

// What the README shows of the quickstart's output is what the quickstart says.
func TestReadmeShowsWhatTheQuickstartPrints(t *testing.T) {
	var sources strings.Builder
	for _, file := range goFiles(t) {
		if strings.HasPrefix(file, "examples/quickstart/") {
			sources.WriteString(readFile(t, file))
		}
	}
	said := regexp.MustCompile(`(?m)^ {4}.*(?:/\d  |x1: |\d {8})(.+)$`).FindAllStringSubmatch(readFile(t, "README.md"), -1)
	require.NotEmpty(t, said)
	for _, text := range said {
		assert.True(t, has(sources.String(), text[1]), text[1])
	}
}

// docs returns the documents for readers, by their paths from the root.
func docs(t *testing.T) []string {
	t.Helper()
	files := []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, page := range pages {
		files = append(files, "docs/"+filepath.Base(page))
	}
	return files
}

// goFiles returns all Go files of the repository, those of nested modules included, by their paths from the root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for file := range readImports(t) {
		files = append(files, file)
	}
	slices.Sort(files)
	return files
}

// has reports whether a text has a part. assert.Contains would print the whole text.
func has(text, part string) bool { return strings.Contains(text, part) }

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}

func exists(file string) bool {
	_, err := fs.Stat(os.DirFS(root), strings.TrimPrefix(file, "./"))
	return err == nil
}

// withoutCode empties the lines of code blocks, so that the numbers of the others stay.
func withoutCode(text string) string {
	lines, inside := strings.Split(text, "\n"), false
	for i, line := range lines {
		fence := strings.HasPrefix(line, "```")
		if inside || fence || strings.HasPrefix(line, "    ") {
			lines[i] = ""
		}
		inside = inside != fence
	}
	return strings.Join(lines, "\n")
}
