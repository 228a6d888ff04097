package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// site is the service in virtual time, with one licence server that has one seat.
type site struct {
	*testing.T
	licenses *transporttest.Server
	client   *http.Client
	sigterm  context.CancelFunc
	ended    chan error // receives the result of serve
}

// onSite runs a test while the service serves. Each request to /render takes as long as work says.
func onSite(t *testing.T, work time.Duration, test func(s *site)) {
	synctest.Test(t, func(t *testing.T) {
		network, listener := transporttest.NewNetwork(), newPipes()
		ctx, sigterm := context.WithCancel(t.Context())
		s := &site{
			T: t, licenses: network.AddServer("127.0.0.1:6200", map[string]int{"render": 1}),
			client: listener.client(), sigterm: sigterm, ended: make(chan error, 1),
		}
		go func() {
			defer close(s.ended)
			s.ended <- serve(ctx, listener, network, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(work) }))
		}()
		defer func() {
			sigterm()
			<-s.ended
		}()
		synctest.Wait()
		test(s)
	})
}

// get returns the status of the answer, 0 for none, and its body.
func (s *site) get(path string) (int, map[string]any) {
	answer, err := s.client.Get("http://site" + path)
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	var body map[string]any
	_ = json.NewDecoder(answer.Body).Decode(&body)
	return answer.StatusCode, body
}

// begin sends a request, and returns a channel that receives the status of the answer.
func (s *site) begin(path string) <-chan int {
	answered := make(chan int)
	go func() {
		status, _ := s.get(path)
		answered <- status
	}()
	synctest.Wait()
	return answered
}

func TestTheSeatIsKeptAliveWhileRequestsAreDrained(t *testing.T) {
	onSite(t, 4*time.Minute, func(s *site) {
		answered := s.begin("/render")
		before := s.licenses.Stats().Heartbeats
		s.sigterm()
		time.Sleep(3 * time.Minute)
		refused, _ := s.get("/render")
		assert.Zero(s, refused, "no new requests")
		assert.Equal(s, 1, s.licenses.Held("render"))
		assert.GreaterOrEqual(s, s.licenses.Stats().Heartbeats-before, 5, "one every 30 seconds")

		assert.Equal(s, http.StatusOK, <-answered)
		require.NoError(s, <-s.ended)
		assert.Zero(s, s.licenses.Held("render"))
	})
}

func TestRequestsThatAreTooSlowAreCutOff(t *testing.T) {
	onSite(t, time.Hour, func(s *site) {
		answered := s.begin("/render")
		s.sigterm()
		assert.Zero(s, <-answered)
		assert.ErrorIs(s, <-s.ended, context.DeadlineExceeded)
		assert.Zero(s, s.licenses.Held("render"), "the seat is given back all the same")
		time.Sleep(time.Hour) // until the handler, which ignores its context, has returned
	})
}

func TestHealthTellsWhatTheLicenseIs(t *testing.T) {
	onSite(t, 0, func(s *site) {
		status, body := s.get("/healthz")
		assert.Equal(s, http.StatusOK, status)
		assert.Equal(s, "render", body["feature"])
		assert.Equal(s, "Held", body["state"])

		s.licenses.Down()
		time.Sleep(time.Minute)
		status, body = s.get("/healthz")
		assert.Equal(s, http.StatusOK, status)
		assert.Equal(s, "Reconnecting", body["state"])
	})
}

func TestTheServiceEndsWhenItsLicenseIsGone(t *testing.T) {
	onSite(t, 2*time.Minute, func(s *site) {
		answered := s.begin("/render")
		s.licenses.RevokeFeature("render")
		assert.Equal(s, http.StatusOK, <-answered, "a request under way is answered")
		assert.ErrorIs(s, <-s.ended, messages.ErrLost)
	})
}

func TestHealthIsBadWithoutALicense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		network.AddServer("lic1:6200", map[string]int{"render": 1})
		rt, err := supervisor.Start(t.Context(), supervisor.Config{Transport: network, Servers: []transport.Address{"lic1:6200"}})
		require.NoError(t, err)
		license, err := rt.Checkout(t.Context(), messages.Checkout{Feature: "render"})
		require.NoError(t, err)
		require.NoError(t, rt.Close(t.Context()))

		answer := httptest.NewRecorder()
		health(answer, license)
		assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
		assert.Contains(t, answer.Body.String(), `"state":"CheckedIn","failed":0,"error":"runtime closed"`)
	})
}
