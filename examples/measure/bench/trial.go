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

// metric is a kind of figure.
type metric struct {
	name, unit string
	spread     float64 // factor by which its ratios may differ in another full run
	what       string
}

var metrics = []metric{
	{"heap_per_feature", "B", 1.2, "heap and stack of the client"},
	{"client_cpu_per_beat", "µs", 3, "processor time of the client, per feature and heartbeat"},
	{"client_core_share", "%", 3, "processor time of the client in the window, as a share of one core"},
	{"server_cpu_per_beat", "µs", 3, "processor time of the server, per feature and heartbeat"},
	{"bytes_per_beat", "B", 1.1, "bytes on the wire, both ways, per feature and heartbeat"},
	{"held_per_second", "1/s", 2, "features checked out one by one, by many callers, until all are held"},
	{"checkouts_per_second", "1/s", 2, "seats taken and returned while the features are held"},
	{"checkout_p50", "ms", 2, "time to take a seat: half take no longer"},
	{"checkout_p99", "ms", 2.5, "time to take a seat: 99 of 100 take no longer"},
	{"recovery_seconds", "s", 10, "from the restart of the server, after it was killed, until every feature is held again"},
}

// trial measures one contender once with one number of features, in new processes and a new folder.
type trial struct {
	plan      plan
	contender string
	features  int

	setup          setup
	server, client *role.Process
	values         map[string]float64 // by metric
}

// run measures everything. When it fails, it returns what it has measured until then.
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
	defer func() { t.server.Kill() }() // the server of that time: recover starts another one
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

// hold lets the client check out all features.
func (t *trial) hold(context.Context) error {
	var r report
	if err := t.client.Ask(order{Do: doHold, Features: t.features, For: t.plan.hold}, &r); err != nil {
		return fmt.Errorf("hold the features within %s: %w", t.plan.hold, err)
	}
	t.values["heap_per_feature"] = float64(r.Memory) / float64(t.features)
	t.values["held_per_second"] = r.PerSecond
	return nil
}

// maxSettles is how often a trial waits for its client to settle.
const maxSettles = 10

// settle waits until the client sends at most twice as many heartbeats as are due. When heartbeats of an etcd client have
// waited behind grants, it sends them again every half second until it has caught up. After maxSettles the client is
// measured as it is.
func (t *trial) settle(ctx context.Context) (now counts, err error) {
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

// due returns how many heartbeats the interval asks for in a time.
func (t *trial) due(in time.Duration) int64 {
	return int64(float64(t.features) * in.Seconds() / t.plan.interval.Seconds())
}

// beats measures what both processes use in a window in which they exchange nothing but heartbeats. The window is extended
// until as many heartbeats were answered as are due in it: a client that sends all of them at once may do so just before
// the window and just after it.
func (t *trial) beats(ctx context.Context) error {
	before, err := t.settle(ctx)
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
		return fmt.Errorf("no heartbeat was answered within %s", after.at.Sub(before.at).Round(time.Second))
	}
	t.values["client_cpu_per_beat"] = microseconds(after.client-before.client) / beats
	t.values["client_core_share"] = 100 * float64(after.client-before.client) / float64(after.at.Sub(before.at))
	t.values["server_cpu_per_beat"] = microseconds(after.server-before.server) / beats
	t.values["bytes_per_beat"] = float64(after.Bytes-before.Bytes) / beats
	return nil
}

// counts is what both processes have used up to a moment.
type counts struct {
	at             time.Time
	client, server time.Duration
	Beats, Bytes   int64
}

// count asks both processes.
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

// countAfter asks both processes after a pause.
func (t *trial) countAfter(ctx context.Context, pause time.Duration) (counts, error) {
	if err := wait(ctx, pause); err != nil {
		return counts{}, err
	}
	return t.count()
}

// checkouts lets the callers of the client take and return seats.
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

// recover kills the server, and starts it again after an interval, in which the client notices it.
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

// wait returns the cause of ctx if it ends before the time has passed.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// freeAddress returns an address on loopback that nobody uses. The server keeps it when it restarts.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
