//go:build unix

// Soak holds features over many client processes for a long time, while their licence server is restarted, paused and
// killed at random. At the end it proves that nothing has leaked: no goroutine, no memory, no seat; and that the ledger
// knows of exactly the seats that are held. Server and clients are this program again, under the flag -role.
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

// run returns the status to exit with: 0 nothing leaked, 1 something did or the soak could not be done, 2 the flags are
// wrong.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	tell := log.New(progress, "", 0)
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(out, help)
	case err != nil:
		tell.Printf("soak: %v\n\nsoak -help tells what each flag means.", err)
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
