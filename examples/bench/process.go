package main

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

// process is this program in a role of its own. It belongs to one goroutine.
type process struct {
	role    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	reports *json.Decoder
	said    tail // on standard error
}

// startProcess starts a process and waits until it is ready. It is killed when ctx ends, and ends by itself when this
// process does.
func startProcess(ctx context.Context, role string, s setup) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	p := &process{role: role, cmd: exec.CommandContext(ctx, program, roleFlag, role, string(text))}
	p.cmd.Stderr = &p.said
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.orders, p.reports = json.NewEncoder(p.in), json.NewDecoder(out)
	if _, err := p.report(); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// ask gives an order and returns its report.
func (p *process) ask(o order) (report, error) {
	if err := p.orders.Encode(o); err != nil {
		return report{}, p.ended()
	}
	return p.report()
}

func (p *process) report() (r report, err error) {
	if err := p.reports.Decode(&r); err != nil {
		return report{}, p.ended()
	}
	if r.Error != "" {
		return report{}, errors.New(r.Error)
	}
	return r, nil
}

// ended is the error of a process that is not there any more, with its last words.
func (p *process) ended() error {
	p.kill() // now all that it said was read
	return fmt.Errorf("%s ended: %s", p.role, p.said)
}

// kill ends the process as a crash would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// tail is the end of what a process says on standard error.
type tail []byte

// tailLength is enough for an error, and for the head of a panic.
const tailLength = 2 << 10

func (t *tail) Write(b []byte) (int, error) {
	*t = append(*t, b...)
	*t = (*t)[max(0, len(*t)-tailLength):]
	return len(b), nil
}

func (t tail) String() string { return strings.TrimSpace(string(t)) }
