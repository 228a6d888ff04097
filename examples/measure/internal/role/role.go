// Package role lets a program run parts of itself in child processes: it starts itself again, with a flag that names a
// role. The child answers orders, as JSON on its standard input and output. It ends when its input ends, so that no child
// outlives its parent.
package role

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// roleFlag is followed by the name of a role and its setup.
const roleFlag = "-role"

// Role starts what a child does. It returns a function that answers one order, and one that ends what was started. The
// setup is the one given to Start.
type Role func(setup json.RawMessage) (answer func(order json.RawMessage) (report any, err error), end func() error, err error)

// Main runs the role of a child process, and exits. In any other process it does nothing. Call it first in main, and in
// TestMain.
func Main(roles map[string]Role) {
	if len(os.Args) < 2 || os.Args[1] != roleFlag {
		return
	}
	if err := play(roles, os.Args[2:], os.Stdin, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// reply answers an order. The first reply, without an order, says that the child is ready.
type reply struct {
	Error  string          `json:",omitempty"`
	Report json.RawMessage `json:",omitempty"`
}

func play(roles map[string]Role, args []string, in io.Reader, out io.Writer) (err error) {
	if len(args) != 2 || roles[args[0]] == nil {
		return fmt.Errorf("%q is not a role and its setup", args)
	}
	answer, end, err := roles[args[0]](json.RawMessage(args[1]))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	orders, replies := json.NewDecoder(in), json.NewEncoder(out)
	r := reply{}
	for {
		if err := replies.Encode(r); err != nil {
			return err
		}
		var order json.RawMessage
		switch err := orders.Decode(&order); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		r = replyTo(answer(order))
	}
}

func replyTo(report any, err error) reply {
	if err == nil {
		var text []byte
		if text, err = json.Marshal(report); err == nil {
			return reply{Report: text}
		}
	}
	return reply{Error: err.Error()}
}
