// Bench compares three ways to hold many licences on this machine: seatbeat, what people write by hand, and leases of etcd.
// It shows what each costs in memory, processor time, bytes and seconds, and how that grows.
//
//	go -C examples/measure/bench run . -quick
//
// It prints a table for each metric in Markdown; -help explains the flags. The licence server and its client are two
// processes, so that the operating system counts the processor time of each: they are this program again, with the flag
// -role. The program has a module of its own, so that etcd is no dependency of seatbeat.
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

// run returns the exit status: 0 measured, 1 not measured or -against failed, 2 the flags are wrong.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	tell := log.New(progress, "", log.Ltime)
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(out, help)
	case err != nil:
		log.New(progress, "", 0).Printf("bench: %v\n\n-help explains the flags.", err)
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

// compare measures, and writes the results to out and to the files of -json-file and -markdown-file. Then it compares them
// with the earlier run of -against.
func compare(ctx context.Context, o options, out io.Writer, tell *log.Logger) error {
	var earlier results
	if o.against != "" {
		var err error
		if earlier, err = readResults(o.against); err != nil { // before the long measurement
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
	return compareRatios(resultsOf(t.rows()), earlier, tell)
}

// toFile writes to a file. It does nothing if the name is empty.
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
