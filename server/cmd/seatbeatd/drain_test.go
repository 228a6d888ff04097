//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/server/admin"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// failureRecorder is a client that records the errors of its calls.
type failureRecorder struct {
	wire.SeatsClient
	mu   sync.Mutex
	errs []error
}

func (f *failureRecorder) record(err error) {
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.errs = append(f.errs, err)
	}
}

func (f *failureRecorder) Checkout(ctx context.Context, in *wire.CheckoutRequest, options ...grpc.CallOption) (*wire.CheckoutReply, error) {
	reply, err := f.SeatsClient.Checkout(ctx, in, options...)
	f.record(err)
	return reply, err
}

func (f *failureRecorder) Checkin(ctx context.Context, in *wire.CheckinRequest, options ...grpc.CallOption) (*wire.CheckinReply, error) {
	reply, err := f.SeatsClient.Checkin(ctx, in, options...)
	f.record(err)
	return reply, err
}

// TestADrainUnderLoadAnswersDecidedCallsAndRefusesTheRest stops seatbeatd under load. The ledger holds what was acknowledged
// and nothing else. Every other call was refused with a retry-after.
func TestADrainUnderLoadAnswersDecidedCallsAndRefusesTheRest(t *testing.T) {
	k := newKillHarness(t)
	p := serveDev(t, k.folder, "--drain", "2s")
	c := connect(t, p, k.folder)
	recorder := &failureRecorder{SeatsClient: c.seats}
	k.caller, k.seats = c.caller, recorder
	var users sync.WaitGroup
	for range killUsers {
		users.Go(func() {
			for k.step() {
			}
		})
	}
	assert.Eventually(t, func() bool { return k.taken.Load() > 500 }, waitTime, time.Millisecond)
	p.signal(syscall.SIGTERM)
	users.Wait()
	p.cmd.Wait()
	assert.Equal(t, 0, p.cmd.ProcessState.ExitCode(), &p.log)

	require.Len(t, recorder.errs, killUsers)
	for _, err := range recorder.errs {
		details := status.Convert(err).Details()
		require.Len(t, details, 1, err)
		refusal := details[0].(*wire.Refusal)
		assert.Equal(t, wire.Reason_REASON_DRAINING, refusal.Reason)
		assert.Positive(t, refusal.RetryAfterMs)
	}
	k.compare()
	assert.Zero(t, k.lost.takes.held, "a refused take was granted")
	assert.Equal(t, k.lost.returns.all, k.lost.returns.held, "a refused return was done")
}

// TestTheCommandThatADevServerPrintsHoldsASeat runs the command that "seatbeatd serve --dev" prints.
func TestTheCommandThatADevServerPrintsHoldsASeat(t *testing.T) {
	quickstart := filepath.Join(t.TempDir(), "quickstart")
	built, err := exec.Command("go", "build", "-o", quickstart, "../../../examples/quickstart").CombinedOutput()
	require.NoError(t, err, "%s", built)
	folder := t.TempDir()
	p := serveDev(t, folder)
	var flags string
	require.Eventually(t, func() (ok bool) {
		_, flags, _ = strings.Cut(p.log.String(), "go run ./examples/quickstart ")
		flags, _, ok = strings.Cut(flags, "\n")
		return ok
	}, waitTime, time.Millisecond)

	client := exec.CommandContext(t.Context(), quickstart, strings.Fields(flags)...)
	out, err := client.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, client.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "held") {
	}
	used := func() int {
		var got statusReport
		require.NoError(t, json.Unmarshal([]byte(administer(t, p, folder, "status", "--json").out), &got))
		i := slices.IndexFunc(got.Features, func(f admin.Feature) bool { return f.Name == "f1" })
		require.GreaterOrEqual(t, i, 0)
		return got.Features[i].Used
	}
	assert.Equal(t, 1, used())
	require.NoError(t, client.Process.Signal(syscall.SIGINT))
	for lines.Scan() {
	}
	require.NoError(t, client.Wait())
	assert.Zero(t, used())
}
