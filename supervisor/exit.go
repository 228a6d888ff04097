package supervisor

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

const (
	// exitStatus is the status of a process that ends because features gave up and there is no OnExit (rule 11).
	exitStatus = 3
	// exitWrite is how long the process waits for standard error to take the text.
	exitWrite = time.Second
)

// exitProcess is what happens on Exited without an OnExit. The process ends whatever standard error is: when it is a pipe
// that is full and nobody reads, the text is lost after exitWrite; when the reader has gone, the write fails, and does not
// end the process by SIGPIPE before the status is set.
func exitProcess(e messages.Exited) {
	signal.Ignore(syscall.SIGPIPE)
	written := make(chan struct{})
	go func() {
		defer close(written)
		fmt.Fprint(os.Stderr, exitText(e))
	}()
	select {
	case <-written:
	case <-time.After(exitWrite):
	}
	os.Exit(exitStatus)
}

func exitText(e messages.Exited) string {
	servers := make([]string, len(e.Servers))
	for i, s := range e.Servers {
		servers[i] = string(s)
	}
	more := ""
	if n := e.Features - len(e.Names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("seatbeat: no licence server reached: %d heartbeats failed in a row\n"+
		"  servers tried: %s\n  last cause:    %s\n  features:      %s%s\n",
		e.Failed, strings.Join(servers, ", "), e.Cause, strings.Join(e.Names, ", "), more)
}
