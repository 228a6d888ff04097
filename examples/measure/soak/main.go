//go:build unix

// Soak looks for leaks. Many client processes hold features for a long time, while their licence server is paused, restarted
// and killed at random. In the end it checks that no goroutine, no memory and no seat has leaked, and that the ledger has
// exactly the leases that are held. Server and clients are this program again, with the flag -role.
//
//	go run ./examples/measure/soak -duration 1h
//
// It prints what each process uses before and after, and "Nothing leaked", or what did; -help explains the flags. It needs
// a Unix system, since it pauses a process.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

var roles = map[string]role.Role{roleServer: newServerRole, roleClient: newClientRole}

func main() {
	role.Main(roles)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 nothing leaked, 1 something leaked or the soak could not be done, 2 the flags are wrong.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	tell := log.New(progress, "", 0)
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(out, help)
	case err != nil:
		tell.Printf("soak: %v\n\nsoak -help explains the flags.", err)
		return 2
	default:
		err = soakFor(ctx, o, out, tell)
	}
	if err != nil {
		tell.Printf("soak: %v", err)
		return 1
	}
	return 0
}
