package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func TestPrometheusSeesTheMetrics(t *testing.T) {
	network := transporttest.NewNetwork()
	server := network.AddServer("127.0.0.1:6200", map[string]int{"render": 1})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, network) }()
	require.Eventually(t, func() bool {
		return strings.Contains(scrape(t, listener.Addr()), `seatbeat_features{seatbeat_feature_state="Held"} 1`)
	}, 10*time.Second, 10*time.Millisecond)

	text := scrape(t, listener.Addr())
	for _, want := range []string{
		`seatbeat_heartbeats_total{seatbeat_heartbeat_outcome="failed",server_address="127.0.0.1:6200"} 0`,
		`seatbeat_outages{server_address="127.0.0.1:6200"} 0`,
		`seatbeat_recoveries_total{seatbeat_recovery_kind="resumed"} 0`,
		"seatbeat_licenses_lost_total 0",
	} {
		assert.Contains(t, text, want+"\n")
	}
	stop()
	require.NoError(t, <-ended)
	assert.Zero(t, server.Held("render"))
}

// scrape returns the metrics as Prometheus gets them.
func scrape(t *testing.T, address net.Addr) string {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + address.String() + "/metrics")
	if !assert.NoError(t, err) {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	assert.NoError(t, err)
	return string(text)
}
