// Package role lets a program run parts of itself as processes of their own: the program is started again, with a flag
// that names its role. A process with a role answers orders, in JSON on its standard input and output, and ends when its
// input does, so that none outlives who started it.
package role

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// roleFlag is followed by the name of a role, and by what that needs to know.
const roleFlag = "-role"

// Role begins what a process does, knowing its setup. It returns how an order is answered and what ends it all.
type Role func(setup json.RawMessage) (answer func(order json.RawMessage) (report any, err error), end func() error, err error)

// Main plays the role that the process was started for, and ends the process; in any other process it does nothing.
// A program calls it first, and so does TestMain.
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

// reply is the answer to an order. The first one says that the process is ready.
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
