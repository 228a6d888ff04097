package supervisor

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// shrinkTime is how long a failing script is made smaller, in real time.
	shrinkTime = 20 * time.Second
	// shrinkTries is how often a smaller script is run: a failure may depend on the order of goroutines.
	shrinkTries = 2
)

// shrink removes lines from a script that fails as long as it still fails, and returns the rest and its failure. Removing
// lines is better than drawing a smaller script: the other lines stay as they are.
func shrink(t *testing.T, script, wrong string) (string, string) {
	lines := strings.Split(strings.TrimSpace(script), "\n")
	ends := time.Now().Add(shrinkTime)
	for size := len(lines) / 2; size > 0; {
		smaller, found, how := shrinkOnce(t, lines, size, ends)
		if found {
			lines, wrong = smaller, how
			continue
		}
		size /= 2
	}
	return strings.Join(lines, "\n") + "\n", wrong
}

// shrinkOnce removes each run of size lines once, and keeps those removed without which the script still fails.
func shrinkOnce(t *testing.T, lines []string, size int, ends time.Time) (rest []string, found bool, wrong string) {
	rest = lines
	for at := len(rest) - size; at >= 0 && time.Now().Before(ends); at -= size {
		fewer := slices.Concat(rest[:at], rest[at+size:])
		if how := stillFails(t, strings.Join(fewer, "\n")); how != "" {
			rest, found, wrong = fewer, true, how
			at = min(at, len(rest))
		}
	}
	return rest, found, wrong
}

// stillFails runs a script and returns its failure; "" when it succeeds or no longer makes sense.
func stillFails(t *testing.T, script string) string {
	for range shrinkTries {
		wrong := runWatched(t, script)
		if strings.HasPrefix(wrong, "panic: script:") || strings.HasPrefix(wrong, "panic: transporttest:") {
			return "" // it names something that was removed
		}
		if wrong != "" {
			return wrong
		}
	}
	return ""
}
