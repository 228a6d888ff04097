package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// witness notes how calls fail.
type witness struct {
	wire.SeatsClient
	mu    sync.Mutex
	fails []error
}

func (w *witness) saw(err error) {
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.fails = append(w.fails, err)
	}
}

func (w *witness) Checkout(ctx context.Context, in *wire.CheckoutRequest, options ...grpc.CallOption) (*wire.CheckoutReply, error) {
	reply, err := w.SeatsClient.Checkout(ctx, in, options...)
	w.saw(err)
	return reply, err
}

func (w *witness) Checkin(ctx context.Context, in *wire.CheckinRequest, options ...grpc.CallOption) (*wire.CheckinReply, error) {
	reply, err := w.SeatsClient.Checkin(ctx, in, options...)
	w.saw(err)
	return reply, err
}

// TestADrainUnderLoadAnswersWhatIsDecidedAndRefusesTheRest ends seatbeatd under load. What it acknowledged is in the ledger,
// and nothing else; all else was refused with when to come back.
func TestADrainUnderLoadAnswersWhatIsDecidedAndRefusesTheRest(t *testing.T) {
	k := newKillHarness(t)
	p := serveDev(t, k.folder, "--drain", "2s")
	c := connect(t, p, k.folder)
	w := &witness{SeatsClient: c.seats}
	k.caller, k.seats = c.caller, w
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

	require.Len(t, w.fails, killUsers)
	for _, err := range w.fails {
		details := status.Convert(err).Details()
		require.Len(t, details, 1, err)
		refusal := details[0].(*wire.Refusal)
		assert.Equal(t, wire.Reason_REASON_DRAINING, refusal.Reason)
		assert.Positive(t, refusal.RetryAfterMs)
	}
	k.compare()
	assert.Zero(t, k.resolved[1], "a take that was refused was done")
	assert.Equal(t, k.resolved[2], k.resolved[3], "a return that was refused was done")
}

// TestQuickstartHoldsASeatOfADevServerAsItIsTold does what "seatbeatd serve --dev" says to do, with its own words.
func TestQuickstartHoldsASeatOfADevServerAsItIsTold(t *testing.T) {
	quickstart := filepath.Join(t.TempDir(), "quickstart")
	built, err := exec.Command("go", "build", "-o", quickstart, "../../../examples/quickstart").CombinedOutput()
	require.NoError(t, err, "%s", built)
	folder := t.TempDir()
	p := serveDev(t, folder)
	var told string
	require.Eventually(t, func() (ok bool) {
		_, told, _ = strings.Cut(p.log.String(), "go run ./examples/quickstart ")
		told, _, ok = strings.Cut(told, "\n")
		return ok
	}, waitTime, time.Millisecond)

	client := exec.CommandContext(t.Context(), quickstart, strings.Fields(told)...)
	out, err := client.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, client.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "held") {
	}
	used := func() int {
		var got statusReport
		require.NoError(t, json.Unmarshal([]byte(administer(t, p, folder, "status", "--json").out), &got))
		return got.Features[0].Used
	}
	assert.Equal(t, 1, used())
	require.NoError(t, client.Process.Signal(syscall.SIGINT))
	for lines.Scan() {
	}
	require.NoError(t, client.Wait())
	assert.Zero(t, used())
}
