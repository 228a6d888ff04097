// Package script has what the tests of several machines share: how their scripts are read and how events are printed. Only
// tests import it.
package script

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/seatbeat/seatbeat/actors/protocol"
	"github.com/seatbeat/seatbeat/messages"
)

// Word returns the first argument of a command.
func Word(t *testing.T, d *datadriven.TestData) string {
	if len(d.CmdArgs) == 0 {
		d.Fatalf(t, "%s needs an argument", d.Cmd)
	}
	return d.CmdArgs[0].Key
}

// Option returns the value of key=value, or otherwise when the command does not have the key.
func Option(t *testing.T, d *datadriven.TestData, key, otherwise string) string {
	if arg, ok := d.Arg(key); ok {
		return arg.SingleVal(t)
	}
	return otherwise
}

// Number reads a whole number.
func Number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Span reads a duration.
func Span(t *testing.T, text string) time.Duration {
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

// ReasonNamed reads "no-seats" as NoSeats.
func ReasonNamed(t *testing.T, text string) messages.Reason {
	t.Helper()
	for r := messages.NoSuchFeature; r <= messages.Internal; r++ {
		if strings.EqualFold(r.String(), strings.ReplaceAll(text, "-", "")) {
			return r
		}
	}
	t.Fatalf("no reason is called %s", text)
	return 0
}

// DefaultSettings returns the settings of a script that sets none.
func DefaultSettings() protocol.Settings {
	return protocol.Settings{
		Servers: []messages.Address{"S1", "S2", "S3"}, Attempts: 3, Interval: time.Minute, FailoverRounds: 1,
		ConnectTimeout: 5 * time.Second,
	}
}

// Settings returns DefaultSettings, changed by the options of a command.
func Settings(t *testing.T, d *datadriven.TestData) protocol.Settings {
	set := DefaultSettings()
	if arg, ok := d.Arg("servers"); ok {
		set.Servers = addresses(arg.Vals)
	}
	set.Attempts = Number(t, Option(t, d, "attempts", strconv.Itoa(set.Attempts)))
	set.FailoverRounds = Number(t, Option(t, d, "rounds", strconv.Itoa(set.FailoverRounds)))
	set.Interval = Span(t, Option(t, d, "interval", set.Interval.String()))
	set.ConnectTimeout = Span(t, Option(t, d, "connect-timeout", set.ConnectTimeout.String()))
	set.EnforceTimeout = d.HasArg("enforce")
	set.CountOutages = d.HasArg("count-outages")
	return set
}

// DescribeEvent prints an event as its name and what tells it apart.
func DescribeEvent(e messages.Event) string {
	var words []any
	switch e := e.(type) {
	case messages.CheckedOut:
		words = []any{claimed(e.Claim), e.Server, Flagged(e.Local, "local"), Flagged(e.Overdraft, "overdraft")}
	case messages.RetryingFeature:
		words = []any{claimed(e.Claim), e.Server}
	case messages.CheckoutSucceeded:
		words = []any{claimed(e.Claim), e.Server, Flagged(e.Resumed, "resumed"), Flagged(e.Overdraft, "overdraft")}
	case messages.CheckoutFailed:
		words = []any{claimed(e.Claim), e.Server, e.Reason}
	case messages.FailedOver:
		words = []any{claimed(e.Claim), e.From, "to", e.To}
	case messages.LicenseLost:
		words = []any{claimed(e.Claim), e.Server, e.State, e.Reason}
	case messages.FeatureRestarted:
		words = []any{claimed(e.Claim), e.Cause}
	case messages.CheckedIn:
		words = []any{claimed(e.Claim), e.Server}
	case messages.ConnectionLost:
		words = []any{e.Server, e.Failed, "features", e.Features, "cause", e.Cause}
	case messages.ServerRestarted:
		words = []any{e.Server, e.Old, "to", e.New}
	case messages.ServerReplaced:
		words = []any{e.Server, e.Old, "to", e.New}
	case messages.LeaseAtRisk:
		words = []any{e.Server, "features", e.Features, "age", e.Age, "of", e.Timeout}
	}
	text := strings.TrimSpace(strings.ReplaceAll(fmt.Sprintln(words...), "  ", " "))
	return messages.Name(e) + "{" + strings.TrimSpace(text) + "}"
}

func claimed(c messages.Claim) string { return fmt.Sprintf("%s x%d", c.Feature, c.Count) }

// Flagged returns the name of a flag that is set, and nothing for one that is not.
func Flagged(is bool, name string) string {
	if is {
		return name
	}
	return ""
}

// Prefixed returns the text behind the prefix; an empty text stays empty.
func Prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// Name is what scripts and tables call an input: the name of its type with a small first letter.
func Name(in any) string {
	name := reflect.TypeOf(in).Elem().Name()
	return strings.ToLower(name[:1]) + name[1:]
}
