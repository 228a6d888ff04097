package endtoend

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/supervisor/outagefile"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// These variables make a child process of the tests one of the programs, and configure it.
const (
	envProgram = "SEATBEAT_TEST_PROGRAM" // "command", "service" or "onlooker"
	envServer  = "SEATBEAT_TEST_SERVER"  // its address
	envOutages = "SEATBEAT_TEST_OUTAGES" // the outage file; empty: none
	envEnforce = "SEATBEAT_TEST_ENFORCE" // not empty: EnforceTimeout
	envLog     = "SEATBEAT_TEST_LOG"     // not empty: log to standard error
	envSlow    = "SEATBEAT_TEST_SLOW"    // not empty: each checkout takes slowCheckout on its way
)

func TestMain(m *testing.M) {
	switch os.Getenv(envProgram) {
	case "command":
		command()
	case "service":
		service()
	case "onlooker":
		onlooker()
	default:
		goleak.VerifyTestMain(m)
	}
}

// command is a program that runs for a moment: it takes a seat, prints the outcome, and returns the seat.
func command() {
	rt := startRuntime(nil)
	_, err := rt.Checkout(context.Background(), messages.Checkout{Feature: "cad"})
	say(outcome(err))
	endOn(rt.close())
}

// service holds a seat until its input ends. It prints its events, and answers each line of input by two heartbeats: the
// first one finds out what happened to the server, and by the end of the second one the consequences are known.
func service() {
	rt := startRuntime(func(e messages.Event) { say("event " + messages.Name(e)) })
	license, err := rt.Checkout(context.Background(), messages.Checkout{Feature: "cad"})
	say("answer " + outcome(err))
	for lines := bufio.NewScanner(os.Stdin); license != nil && lines.Scan(); {
		if shifted(lines.Text()) {
			continue
		}
		switch lines.Text() {
		case "deadline":
			say("answer " + time.Until(license.Status().Deadline.Round(0)).String())
			continue
		case "take": // until a time of the wall clock
			ctx, cancel := context.WithDeadline(context.Background(), time.Now().Round(0).Add(time.Minute))
			_, err := rt.Checkout(ctx, messages.Checkout{Feature: "cad"})
			cancel()
			say("answer " + outcome(err))
			continue
		}
		_, err := beat(license), beat(license)
		say(fmt.Sprintf("answer %s %d", outcome(err), rt.Status().Connections[0].Outages))
	}
	endOn(rt.close())
}

// onlooker holds nothing until its input ends. It prints its events.
func onlooker() {
	rt := startRuntime(func(e messages.Event) { say("event " + messages.Name(e)) })
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		shifted(lines.Text())
	}
	endOn(rt.close())
}

// shifted moves the wall clock if the line says so.
func shifted(line string) bool {
	by, ok := strings.CutPrefix(line, "shift ")
	if ok {
		d, err := time.ParseDuration(by)
		endOn(err)
		shiftWall(d)
	}
	return ok
}

// beat repeats the heartbeat until a server answers, the license is gone or a minute has passed.
func beat(license *supervisor.License) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := license.Heartbeat(ctx)
		if err == nil || license.Err() != nil || ctx.Err() != nil {
			return err
		}
	}
}

// startRuntime starts a runtime that is configured by the environment. It never gives up, so that the machine may be slow.
func startRuntime(onEvent func(messages.Event)) *checkedRuntime {
	config := supervisor.Config{
		Transport:      grpctransport.New(grpctransport.Config{Insecure: true}),
		Servers:        []transport.Address{transport.Address(os.Getenv(envServer))},
		Heartbeat:      supervisor.Heartbeat{Attempts: supervisor.MaxAttempts},
		ConnectTimeout: time.Minute,
		EnforceTimeout: os.Getenv(envEnforce) != "",
		OnEvent:        onEvent,
	}
	if os.Getenv(envSlow) != "" {
		config.Transport = slowTransport{config.Transport}
	}
	var logger *slog.Logger
	if os.Getenv(envLog) != "" {
		logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	config.Logger = logger
	if file := os.Getenv(envOutages); file != "" {
		store := outagefile.NewFileStore(file)
		store.Logger = logger
		config.DownLimit = supervisor.DownLimit{Max: 10, Store: store}
	}
	rt, err := startChecked(context.Background(), config)
	endOn(err)
	return rt
}

// slowCheckout is how long a checkout over a slowTransport is on its way.
const slowCheckout = 100 * time.Millisecond

// slowTransport is a transport on which checkouts are slow.
type slowTransport struct{ transport.Transport }

func (t slowTransport) Connect(ctx context.Context, address transport.Address) (transport.Session, error) {
	session, err := t.Transport.Connect(ctx, address)
	return slowSession{session}, err
}

type slowSession struct{ transport.Session }

func (s slowSession) Checkout(ctx context.Context, takes []transport.Take) (transport.CheckoutReply, error) {
	time.Sleep(slowCheckout)
	return s.Session.Checkout(ctx, takes)
}

// outcome returns in one word what an error means for the seat.
func outcome(err error) string {
	switch {
	case err == nil:
		return "held"
	case errors.Is(err, messages.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, messages.ErrLost):
		return "lost"
	default:
		return err.Error()
	}
}

// say prints a line for the parent.
func say(line string) {
	_, err := os.Stdout.WriteString(line + "\n")
	endOn(err)
}

func endOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is a running program.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	events []string // so far
}

// run starts a program in a process of its own.
func run(t *testing.T, program string, env ...string) *child {
	t.Helper()
	return runFile(t, os.Args[0], program, env...)
}

// runFile starts a program of another build of these tests.
func runFile(t *testing.T, file, program string, env ...string) *child {
	t.Helper()
	return runWith(t, os.Stderr, file, program, env...)
}

// runWith starts a program with this standard error.
func runWith(t *testing.T, stderr *os.File, file, program string, env ...string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), file)
	cmd.Env = append(append(os.Environ(), envProgram+"="+program), env...)
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return &child{t: t, cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout)}
}

// answer returns the next answer. Events that led to it may be printed later.
func (c *child) answer() string {
	c.t.Helper()
	if answer, ok := strings.CutPrefix(c.next(), "answer "); ok {
		return answer
	}
	require.Fail(c.t, "the program ended without an answer")
	return ""
}

// next returns the next line that is not an event; "" at the end of the output.
func (c *child) next() string {
	for c.lines.Scan() {
		event, ok := strings.CutPrefix(c.lines.Text(), "event ")
		if !ok {
			return c.lines.Text()
		}
		c.events = append(c.events, event)
	}
	return ""
}

// ask makes a service send its heartbeats. It does not wait for the answer.
func (c *child) ask() {
	c.t.Helper()
	_, err := io.WriteString(c.stdin, "beat\n")
	require.NoError(c.t, err)
}

// end ends the program's input, waits until the program has ended, and returns its last line.
func (c *child) end() string {
	c.t.Helper()
	require.NoError(c.t, c.stdin.Close())
	last := c.next()
	require.Empty(c.t, c.next())
	require.NoError(c.t, c.cmd.Wait())
	return last
}
