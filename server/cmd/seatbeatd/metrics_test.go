package main

import (
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// scraped returns the metrics of a server, as Prometheus gets them without a token.
func scraped(t *testing.T, p *process) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.ready.Admin+"/metrics", nil)
	require.NoError(t, err)
	reply, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer reply.Body.Close()
	require.Equal(t, http.StatusOK, reply.StatusCode)
	body, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	return string(body)
}

func TestMetricsShowSeatsWithoutNamesOfClients(t *testing.T) {
	folder := t.TempDir()
	p := serveDev(t, folder)
	c := connect(t, p, folder)
	lease := c.takes("f1", 5).Lease
	require.Equal(t, wire.Reason_REASON_NO_SEATS, c.takes("f1", 1).Reason)
	require.Equal(t, wire.Reason_REASON_NO_SUCH_FEATURE, c.takes("made up", 1).Reason)
	_, err := c.seats.Heartbeat(t.Context(), &wire.HeartbeatRequest{Caller: c.caller, Leases: lease})
	require.NoError(t, err)
	text := scraped(t, p)
	for _, want := range []string{
		`seatbeat_seats_licensed{seatbeat_feature="f1"} 5`, `seatbeat_seats_used{seatbeat_feature="f1"} 5`,
		`seatbeat_seats_overdrawn{seatbeat_feature="f1"} 0`, `seatbeat_leases_expired_total{seatbeat_feature="f1"} 0`,
		`seatbeat_checkouts_denied_total{seatbeat_feature="f1",seatbeat_reason="NoSeats"} 1`,
		`seatbeat_checkouts_denied_total{seatbeat_feature="",seatbeat_reason="NoSuchFeature"} 1`,
		"seatbeat_leases_beaten_total 1", "seatbeat_clients 1", "seatbeat_connections 1", "seatbeat_clock_behind_seconds 0",
		"seatbeat_commit_duration_seconds_count ",
		"go_goroutines ",
	} {
		assert.Contains(t, text, want)
	}
	named := regexp.MustCompile("`(seatbeat_[a-z_]+)`").FindAllStringSubmatch(operatingPage(t), -1)
	require.Len(t, named, 13)
	for _, name := range named {
		assert.Contains(t, text, "\n# TYPE "+name[1]+" ", "in the page for operators")
	}
	assert.Len(t, regexp.MustCompile("(?m)^# TYPE seatbeat_").FindAllString(text, -1), len(named), "each metric is in the page for operators")
	for _, name := range []string{`"ada"`, "build7", "development client", "made up"} {
		assert.NotContains(t, text, name)
	}
}
