package actors

import (
	"fmt"
	"reflect"
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

// trialSettings are those of a trial unless it says otherwise.
func trialSettings() Settings {
	return Settings{
		Servers: []messages.Address{"S1", "S2", "S3"}, Attempts: 3, Interval: time.Minute, FailoverRounds: 1,
		ConnectTimeout: 5 * time.Second,
	}
}

func scriptSettings(t *testing.T, d *datadriven.TestData) Settings {
	set := trialSettings()
	if arg, ok := d.Arg("servers"); ok {
		set.Servers = addresses(arg.Vals)
	}
	set.Attempts = number(t, option(t, d, "attempts", strconv.Itoa(set.Attempts)))
	set.FailoverRounds = number(t, option(t, d, "rounds", strconv.Itoa(set.FailoverRounds)))
	set.Interval = span(t, option(t, d, "interval", set.Interval.String()))
	set.ConnectTimeout = span(t, option(t, d, "connect-timeout", set.ConnectTimeout.String()))
	set.EnforceTimeout = d.HasArg("enforce")
	set.CountOutages = d.HasArg("count-outages")
	return set
}

// describeEvent prints an event as its name and what tells it apart.
func describeEvent(e messages.Event) string {
	var words []any
	switch e := e.(type) {
	case messages.CheckedOut:
		words = []any{claimed(e.Claim), e.Server, flagged(e.Local, "local"), flagged(e.Overdraft, "overdraft")}
	case messages.RetryingFeature:
		words = []any{claimed(e.Claim), e.Server}
	case messages.CheckoutSucceeded:
		words = []any{claimed(e.Claim), e.Server, flagged(e.Resumed, "resumed"), flagged(e.Overdraft, "overdraft")}
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

func flagged(is bool, name string) string {
	if is {
		return name
	}
	return ""
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// inputName is what scripts and tables call an input: the name of its type with a small first letter.
func inputName(in any) string {
	name := reflect.TypeOf(in).Elem().Name()
	return strings.ToLower(name[:1]) + name[1:]
}
