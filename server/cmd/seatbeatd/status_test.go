package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/admin"
	"github.com/seatbeat/seatbeat/transport/wire"
)

// waits checks out a seat and waits in the queue for it. The outcome arrives on the channel, which is closed afterwards.
func (c *seatsClient) waits(feature string) <-chan *wire.Outcome {
	answer := make(chan *wire.Outcome, 1)
	go func() {
		reply, err := c.seats.Checkout(c.t.Context(), &wire.CheckoutRequest{Caller: c.caller, Takes: []*wire.Take{
			{Request: random(), Feature: feature, Major: 1, Count: 1, WaitMs: uint32(wire.MaxWait.Milliseconds())},
		}})
		if err == nil {
			answer <- reply.Outcomes[0]
		}
		close(answer)
	}()
	return answer
}

func TestStatusShowsOverdraftSharingAndWaitingCheckouts(t *testing.T) {
	s := newSignedServer(t)
	s.signsText("over.lic", strings.NewReplacer("base", "over", `"f1"`, `"f2"`, `"seats":2`, `"seats":1,"overdraft":4,"share":"host"`).Replace(s.contents("base.lic")))
	require.Contains(t, s.reloads(), `msg="licences reloaded"`)
	c := connect(t, s.process, s.folder)
	require.Equal(t, wire.Result_RESULT_GRANTED, c.takes("f2", 3).Result)
	require.Equal(t, wire.Result_RESULT_GRANTED, c.takes("f1", 2).Result)
	waiting := c.waits("f1")
	var got statusReport
	s.eventually(func() bool {
		got = statusReport{}
		require.NoError(t, json.Unmarshal([]byte(administer(t, s.process, s.folder, "status", "--json").out), &got))
		return got.Features[0].Waiting > 0
	}, "the waiting checkout")
	assert.Equal(t, []admin.Feature{
		{Name: "f1", Version: "1.0", Seats: 2, Used: 2, Waiting: 1, Share: "none", Listed: true},
		{Name: "f2", Version: "1.0", Seats: 1, Used: 3, Overdraft: 4, Overdrawn: 2, Share: "host", Listed: true},
	}, got.Features)
	assert.WithinDuration(t, time.Now(), got.LicenseTime, time.Minute)
	assert.Zero(t, got.ClockBehind)
	table := administer(t, s.process, s.folder, "status").out
	assert.Contains(t, table, "FEATURE  VERSION  USED  SEATS  OVER  WAIT  SHARE  EXPIRES\n"+
		"f1       1.0      2     2      0     1     none   never\n"+
		"f2       1.0      3     1      2     0     host   never\n")
	text := scraped(t, s.process)
	assert.Contains(t, text, `seatbeat_checkouts_waiting{seatbeat_feature="f1"} 1`)
	assert.Empty(t, waiting)
}

func TestQueuesAreAsLongAsTheFlagsSay(t *testing.T) {
	for flag, says := range map[string]string{"--waiting": "too many checkouts wait in queues", "--client-waiting": "too many checkouts of this client wait in queues"} {
		folder := t.TempDir()
		p := serveDev(t, folder, flag, "1")
		c := connect(t, p, folder)
		c.takes("f1", 5)
		first, second := c.waits("f1"), c.waits("f1")
		var refused *wire.Outcome
		select { // one of them is refused, the other one waits
		case refused = <-first:
		case refused = <-second:
		}
		assert.Equal(t, says, refused.GetMessage(), flag)
	}
}

func TestStatusWarnsOfADrainAndOfAWrongClock(t *testing.T) {
	now := time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
	var out strings.Builder
	require.NoError(t, statusReport{Status: admin.Status{
		Draining: true, ClockBehind: 5400, LicenseTime: now,
		Features: []admin.Feature{{Name: "next", Starts: &now, Listed: true}, {Name: "gone"}, {Name: "soon", Listed: true, Expires: &now}},
	}}.print(&out))
	for _, want := range []string{
		"the server is draining", "clock of this machine is 1h30m0s behind", "licences are judged by that time, 2030-06-01 12:00:00",
		"starts 2030-06-01 12:00:00", "no longer licensed",
	} {
		assert.Contains(t, out.String(), want)
	}
	out.Reset()
	require.NoError(t, statusReport{}.print(&out))
	assert.NotContains(t, out.String(), "clock")
	assert.NotContains(t, out.String(), "draining")
}
