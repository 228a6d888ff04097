package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

func main() {
	role.Main(roles)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the status to exit with: 0 measured, 1 not, or not as before, 2 the flags are wrong.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	tell := log.New(progress, "", log.Ltime)
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(out, help)
	case err != nil:
		log.New(progress, "", 0).Printf("bench: %v\n\n-help tells what each flag means.", err)
		return 2
	default:
		err = compare(ctx, o, out, tell)
	}
	if err != nil {
		tell.Printf("bench: %v", err)
		return 1
	}
	return 0
}

// compare measures, and writes the results to out and to the files that were asked for. Then it compares them with those of
// an earlier run.
func compare(ctx context.Context, o options, out io.Writer, tell *log.Logger) error {
	var earlier results
	if o.against != "" {
		var err error
		if earlier, err = readResults(o.against); err != nil { // which is better told now than after all that time
			return fmt.Errorf("-against: %w", err)
		}
	}
	t, err := o.plan.measure(ctx, tell)
	if err != nil {
		return err
	}
	t.Command = strings.TrimSpace("go run . " + o.command)
	write := t.markdown
	if o.json {
		write = t.json
	}
	err = errors.Join(write(out), toFile(o.jsonFile, t.json), toFile(o.markdownFile, t.markdown))
	if err != nil || o.against == "" {
		return err
	}
	return cameAgain(resultsOf(t.rows()), earlier, tell)
}

// toFile writes to a file, unless its name is empty.
func toFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
