package supervisor

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// shrinkTime bounds how long a failure is made smaller, on a real clock.
	shrinkTime = 20 * time.Second
	// shrinkTries is how often a smaller script is played: a failure may need its goroutines in a certain order.
	shrinkTries = 2
)

// shrink leaves lines out of a script that fails, as long as it still fails, and returns what is left and how it fails.
// Lines are better to take away than what they were drawn from: a whole feature goes, and the rest stays as it is.
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

// shrinkOnce leaves out each run of that many lines once; those whose loss changes nothing stay left out.
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

// stillFails plays a script and returns how it fails; "" when it does not, or no longer makes sense.
func stillFails(t *testing.T, script string) string {
	for range shrinkTries {
		wrong := watched(t, script)
		if strings.HasPrefix(wrong, "panic: script:") || strings.HasPrefix(wrong, "panic: transporttest:") {
			return "" // it names what was left out
		}
		if wrong != "" {
			return wrong
		}
	}
	return ""
}
