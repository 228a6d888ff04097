package supervisor

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// maxViolations is how many violations are worth reading.
const maxViolations = 5

// violations collects what went wrong in a script, with the time and the step. It is safe for concurrent use.
type violations struct {
	began time.Time

	mu   sync.Mutex // guards the fields below
	step string     // the present one
	list []string
}

// beginStep says which step begins.
func (v *violations) beginStep(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.step = text
	v.trace("-- %s", text)
}

// report adds a violation.
func (v *violations) report(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.list) < maxViolations {
		text := fmt.Sprintf(format, args...)
		v.list = append(v.list, fmt.Sprintf("%s, at %s (%s)\n", text, time.Since(v.began), v.step))
	}
}

// text returns all violations; "" when there are none.
func (v *violations) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.list, "")
}

// trace prints steps, calls and events when -chaos.trace is set.
func (v *violations) trace(format string, args ...any) {
	if *chaosTrace {
		fmt.Fprintf(os.Stderr, "%12s %s\n", time.Since(v.began), fmt.Sprintf(format, args...))
	}
}
