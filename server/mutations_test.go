package server

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mutationsVar says which mutations TestTheTestsNoticeEveryMutation runs: a regular expression for their names.
const mutationsVar = "SEATBEAT_MUTATIONS"

// mutation removes one safeguard of the server.
type mutation struct {
	name  string
	file  string      // from the folder of this package
	edits [][2]string // each replaces a text that is in the file exactly once
	tests string      // the tests that have to notice it, as go test -run takes them
	in    string      // the packages of those tests, separated by spaces; empty for this one
}

// TestTheTestsNoticeEveryMutation claims that every mutation still fits the code: each text that it replaces occurs exactly
// once. When you change such code, change the mutation along with it.
//
//	SEATBEAT_MUTATIONS=. go test ./server -run TestTheTestsNoticeEveryMutation -v -timeout 30m
//
// also runs tests with each mutation in turn, without changing the tree, and claims that some test fails.
func TestTheTestsNoticeEveryMutation(t *testing.T) {
	wanted := os.Getenv(mutationsVar)
	for _, m := range mutations {
		source := m.apply(t)
		if wanted != "" && regexp.MustCompile(wanted).MatchString(m.name) {
			red := m.run(t, source)
			assert.NotEmpty(t, red, "no test notices: %s", m.name)
			t.Logf("%-56s noticed by %s", m.name, strings.Join(red, ", "))
		}
	}
}

// apply returns the mutated file.
func (m mutation) apply(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(m.file)
	require.NoError(t, err)
	source := string(text)
	for _, edit := range m.edits {
		require.Equal(t, 1, strings.Count(source, edit[0]), "%s: how often %s has %q", m.name, m.file, edit[0])
		source = strings.Replace(source, edit[0], edit[1], 1)
	}
	return source
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// run runs tests with the file replaced, and returns the tests that fail.
func (m mutation) run(t *testing.T, source string) (red []string) {
	t.Helper()
	folder := t.TempDir()
	mutated, overlay := filepath.Join(folder, filepath.Base(m.file)), filepath.Join(folder, "overlay.json")
	require.NoError(t, os.WriteFile(mutated, []byte(source), 0o600))
	original, err := filepath.Abs(m.file)
	require.NoError(t, err)
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: mutated}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, replace, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args := []string{"test", "-overlay", overlay, "-count=1", "-timeout=1m", "-run", m.tests}
	out, err := exec.CommandContext(ctx, "go", append(args, strings.Fields(cmp.Or(m.in, "."))...)...).CombinedOutput()
	require.NotContains(t, string(out), "[build failed]", "%s\n%s", m.name, out)
	require.NotContains(t, string(out), "no tests to run", "%s\n%s", m.name, out)
	if err == nil {
		return nil
	}
	for _, found := range failedTest.FindAllStringSubmatch(string(out), -1) {
		red = append(red, found[1])
	}
	red = append(red, regexp.MustCompile(`(?m)^panic: .*`).FindAllString(string(out), 1)...)
	return red
}
