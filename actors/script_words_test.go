package actors

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/messages"
)

// word returns the first argument of a command.
func word(t *testing.T, d *datadriven.TestData) string {
	if len(d.CmdArgs) == 0 {
		d.Fatalf(t, "%s needs an argument", d.Cmd)
	}
	return d.CmdArgs[0].Key
}

// option returns the value of key=value, or what goes without it.
func option(t *testing.T, d *datadriven.TestData, key, otherwise string) string {
	if arg, ok := d.Arg(key); ok {
		return arg.SingleVal(t)
	}
	return otherwise
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func span(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func addresses(names []string) []messages.Address {
	list := make([]messages.Address, len(names))
	for i, n := range names {
		list[i] = messages.Address(n)
	}
	return list
}

// reasonNamed reads "no-seats" as NoSeats.
func reasonNamed(t *testing.T, text string) messages.Reason {
	t.Helper()
	for r := messages.NoSuchFeature; r <= messages.Internal; r++ {
		if strings.EqualFold(r.String(), strings.ReplaceAll(text, "-", "")) {
			return r
		}
	}
	t.Fatalf("no reason is called %s", text)
	return 0
}
