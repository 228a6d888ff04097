package endtoend

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/supervisor/outagefile"
)

// docs/rules.md, section 3, rule 5: no run of the program ever sees the server down. Ten restarts are allowed.
func TestOutageLimit_AShortLivedProgramBecomesUnavailableAtTheEleventhRestart(t *testing.T) {
	s := newServer(t, 1, 5*time.Minute)
	outages := filepath.Join(t.TempDir(), "outages")
	var got []string
	for range 30 {
		got = append(got, run(t, "command", envServer+"="+s.address, envOutages+"="+outages).end())
		require.Zero(t, s.used(), "the seat is given back")
		s.restart()
	}
	const restartsSeen = 10 // by the eleventh run
	want := slices.Concat(slices.Repeat([]string{"held"}, 1+restartsSeen), slices.Repeat([]string{"unavailable"}, 29-restartsSeen))
	assert.Equal(t, want, got)
}

// docs/rules.md, section 3, rule 5: each process writes each restart to the file, and each restart is counted once. The
// eleventh restart exceeds the limit.
func TestOutageLimit_TwentyProcessesThatShareAFileLiveThroughTenHonestRestarts(t *testing.T) {
	const processes, allowed = 20, 10
	s := newServer(t, processes, 5*time.Minute)
	outages := filepath.Join(t.TempDir(), "outages")
	var services []*child
	for range processes {
		services = append(services, run(t, "service", envServer+"="+s.address, envOutages+"="+outages))
	}
	want := "held"
	for restart := range allowed + 1 {
		for n, c := range services {
			require.Equal(t, want, c.answer(), "process %d after restart %d", n, restart)
		}
		require.Equal(t, processes, s.used())
		s.restart()
		for _, c := range services {
			c.ask()
		}
		want = fmt.Sprint("held ", restart+1)
	}
	for _, c := range services {
		assert.Equal(t, "unavailable 11", c.answer())
		c.end()
	}
	assert.Zero(t, s.used(), "everything is given back")
	known, err := outagefile.NewFileStore(outages).Load(t.Context())
	require.NoError(t, err)
	assert.Len(t, known[s.server.Identity().ServerID].Outages, allowed+1)
}
