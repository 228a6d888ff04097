package role

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Process is a child that runs a role of this program. It is for one goroutine at a time.
type Process struct {
	role    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	replies *json.Decoder
	stderr  tail // read it only after the process has ended
}

// Start starts a child and waits until it is ready. It is killed when ctx ends.
func Start(ctx context.Context, role string, setup any) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	text, err := json.Marshal(setup)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	p := &Process{role: role, cmd: exec.CommandContext(ctx, program, roleFlag, role, string(text))}
	p.cmd.Stderr = &p.stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	p.orders, p.replies = json.NewEncoder(p.in), json.NewDecoder(out)
	return p, p.reply(nil)
}

// Ask sends an order and waits for the report. The error is the one that the role returned or, if the child has ended, the
// end of what it printed to standard error.
func (p *Process) Ask(order, report any) error {
	if err := p.orders.Encode(order); err != nil {
		return p.ended()
	}
	return p.reply(report)
}

func (p *Process) reply(report any) error {
	var r reply
	if err := p.replies.Decode(&r); err != nil {
		return p.ended()
	}
	switch {
	case r.Error != "":
		return errors.New(r.Error)
	case report == nil:
		return nil
	default:
		return json.Unmarshal(r.Report, report)
	}
}

func (p *Process) ended() error {
	p.Kill()
	return fmt.Errorf("%s ended: %s", p.role, p.stderr)
}

// Signal sends a signal to the child.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// End tells the child to end what it started, and waits for that.
func (p *Process) End() error {
	_ = p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s ended: %w: %s", p.role, err, p.stderr)
	}
	return nil
}

// Kill ends the child as a crash would. It may have ended already.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// tail keeps the end of what is written to it.
type tail []byte

// tailLength is enough for an error, and for the beginning of most panics.
const tailLength = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	*t = append(*t, b...)
	*t = (*t)[max(0, len(*t)-tailLength):]
	return len(b), nil
}

func (t tail) String() string { return strings.TrimSpace(string(t)) }
