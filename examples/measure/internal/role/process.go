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

// Process is this program in a role of its own. It belongs to one goroutine at a time.
type Process struct {
	role    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	replies *json.Decoder
	said    tail // on standard error; to be read once the process has ended
}

// Start starts a process and waits until it is ready. It is killed when ctx ends.
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
	p.cmd.Stderr = &p.said
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

// Ask gives an order and waits for its report. An error is what the role answered, or the last words of a process that
// has ended.
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
	return fmt.Errorf("%s ended: %s", p.role, p.said)
}

// Signal sends a signal to the process.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// End lets the process end in good order, and waits for that.
func (p *Process) End() error {
	_ = p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s ended: %w: %s", p.role, err, p.said)
	}
	return nil
}

// Kill ends the process as a crash would. It may have ended before.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// tail is the end of what a process says on standard error.
type tail []byte

// tailLength is enough for an error, and for the head of a panic.
const tailLength = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	*t = append(*t, b...)
	*t = (*t)[max(0, len(*t)-tailLength):]
	return len(b), nil
}

func (t tail) String() string { return strings.TrimSpace(string(t)) }
