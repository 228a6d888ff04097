package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/examples/measure/internal/role"
)

// metric is what is measured.
type metric struct {
	name, unit string
	spread     float64 // factor within which its ratios come again in another full run
	what       string
}

var metrics = []metric{
	{"heap_per_feature", "B", 1.2, "heap and stack of the client"},
	{"client_cpu_per_beat", "µs", 3, "processor time of the client, for each feature and beat"},
	{"client_core_share", "%", 3, "processor time of the client in the window, as a share of one core"},
	{"server_cpu_per_beat", "µs", 3, "processor time of the server, for each feature and beat"},
	{"bytes_per_beat", "B", 1.1, "bytes on the wire, both ways, for each feature and beat"},
	{"held_per_second", "1/s", 2, "features taken, one by one from many callers, until all are held"},
	{"checkouts_per_second", "1/s", 2, "seats taken, and returned, while the features are held"},
	{"checkout_p50", "ms", 2, "time to take a seat: half take no longer"},
	{"checkout_p99", "ms", 2.5, "time to take a seat: 99 of 100 take no longer"},
	{"recovery_seconds", "s", 10, "from the start of a new server, the old one having been killed, until every feature is held again"},
}

// trial measures one contender once, with one number of features, in new processes and a new folder.
type trial struct {
	plan      plan
	contender string
	features  int

	setup          setup
	server, client *role.Process
	values         map[string]float64 // by metric
}

// run measures everything, or what goes before it fails.
func (t *trial) run(ctx context.Context) (values map[string]float64, err error) {
	t.values = make(map[string]float64)
	folder, err := os.MkdirTemp("", "seatbeat-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := devcert.Write(folder); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	t.setup = setup{t.contender, folder, address, t.plan.interval, t.plan.callers}
	if t.server, err = role.Start(ctx, roleServer, t.setup); err != nil {
		return nil, err
	}
	defer func() { t.server.Kill() }() // the one there is then
	if t.client, err = role.Start(ctx, roleClient, t.setup); err != nil {
		return nil, err
	}
	defer t.client.Kill()
	for _, step := range []func(context.Context) error{t.hold, t.beats, t.checkouts, t.recover} {
		if err := step(ctx); err != nil {
			return t.values, err
		}
	}
	return t.values, nil
}

func (t *trial) hold(context.Context) error {
	var r report
	if err := t.client.Ask(order{Do: doHold, Features: t.features, For: t.plan.hold}, &r); err != nil {
		return fmt.Errorf("hold the features within %s: %w", t.plan.hold, err)
	}
	t.values["heap_per_feature"] = float64(r.Memory) / float64(t.features)
	t.values["held_per_second"] = r.PerSecond
	return nil
}

// maxSettles is how often a trial waits for its client to catch up.
const maxSettles = 10

// settled waits until no more beats go than twice those that are due: a client of etcd whose beats waited behind grants sends
// them again each half second until it has caught up. One that has not done so by then is measured as it is.
func (t *trial) settled(ctx context.Context) (now counts, err error) {
	if now, err = t.count(); err != nil {
		return counts{}, err
	}
	for range maxSettles {
		before := now.Beats
		now, err = t.countAfter(ctx, t.plan.settle)
		if err != nil || now.Beats-before <= 2*t.due(t.plan.settle) {
			break
		}
	}
	return now, err
}

// due is how many beats there ought to be in a time.
func (t *trial) due(in time.Duration) int64 {
	return int64(float64(t.features) * in.Seconds() / t.plan.interval.Seconds())
}

// beats counts what both sides use in a window in which nothing but beats goes on. The window lasts until there were as
// many beats as are due in it: a client that beats all at once, every interval or a little more, may do so just before it
// and just after.
func (t *trial) beats(ctx context.Context) error {
	before, err := t.settled(ctx)
	if err != nil {
		return err
	}
	due := before.Beats + t.due(t.plan.window)
	end := before.at.Add(t.plan.window + 2*t.plan.interval)
	after := before
	for pause := t.plan.window; after.Beats < due && after.at.Before(end); pause = t.plan.interval / 100 {
		if after, err = t.countAfter(ctx, pause); err != nil {
			return err
		}
	}
	beats := float64(after.Beats - before.Beats)
	if beats == 0 {
		return fmt.Errorf("no beat was answered within %s", after.at.Sub(before.at).Round(time.Second))
	}
	t.values["client_cpu_per_beat"] = microseconds(after.client-before.client) / beats
	t.values["client_core_share"] = 100 * float64(after.client-before.client) / float64(after.at.Sub(before.at))
	t.values["server_cpu_per_beat"] = microseconds(after.server-before.server) / beats
	t.values["bytes_per_beat"] = float64(after.Bytes-before.Bytes) / beats
	return nil
}

// counts are what both processes tell at one moment.
type counts struct {
	at             time.Time
	client, server time.Duration
	Beats, Bytes   int64
}

func (t *trial) count() (counts, error) {
	var client, server report
	if err := t.client.Ask(order{Do: doCount}, &client); err != nil {
		return counts{}, err
	}
	if err := t.server.Ask(order{Do: doCount}, &server); err != nil {
		return counts{}, err
	}
	return counts{time.Now(), client.CPU, server.CPU, client.Beats, client.Bytes + server.Bytes}, nil
}

func (t *trial) countAfter(ctx context.Context, pause time.Duration) (counts, error) {
	if err := wait(ctx, pause); err != nil {
		return counts{}, err
	}
	return t.count()
}

func (t *trial) checkouts(context.Context) error {
	var r report
	if err := t.client.Ask(order{Do: doCheckouts, For: t.plan.checkouts}, &r); err != nil {
		return fmt.Errorf("take seats: %w", err)
	}
	t.values["checkouts_per_second"] = r.PerSecond
	t.values["checkout_p50"] = microseconds(r.P50) / 1e3
	t.values["checkout_p99"] = microseconds(r.P99) / 1e3
	return nil
}

// recover kills the server, lets the features notice that for an interval, and starts it again on what it kept.
func (t *trial) recover(ctx context.Context) error {
	t.server.Kill()
	if err := wait(ctx, t.plan.interval); err != nil {
		return err
	}
	if err := t.client.Ask(order{Do: doMark}, nil); err != nil {
		return err
	}
	begin := time.Now()
	server, err := role.Start(ctx, roleServer, t.setup)
	if err != nil {
		return err
	}
	t.server = server
	if err := t.client.Ask(order{Do: doRecover, For: t.plan.recover}, nil); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	t.values["recovery_seconds"] = time.Since(begin).Seconds()
	return nil
}

func microseconds(d time.Duration) float64 { return float64(d) / 1e3 }

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// freeAddress returns an address on loopback that nobody uses: the server keeps it over its restart.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
