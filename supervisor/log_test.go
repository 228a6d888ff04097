package supervisor

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

var (
	logServer = messages.Server{ID: "S1", Address: "lic1:6200"}
	logClaim  = messages.Claim{ID: 7, Feature: "f2", Version: messages.V(1, 2), Count: 3}
)

// logged returns the line that a handler writes for an event, without its time.
func logged(e messages.Event, handler func(*bytes.Buffer, *slog.HandlerOptions) slog.Handler) string {
	var out bytes.Buffer
	logEvent(slog.New(handler(&out, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})), e)
	return strings.TrimSpace(out.String())
}

func asText(out *bytes.Buffer, o *slog.HandlerOptions) slog.Handler {
	return slog.NewTextHandler(out, o)
}
func asJSON(out *bytes.Buffer, o *slog.HandlerOptions) slog.Handler {
	return slog.NewJSONHandler(out, o)
}

func TestAnEventIsOneLogRecordWithItsFields(t *testing.T) {
	old, changed := messages.Identity{ServerID: "S1", BootID: "b1", Epoch: 1}, messages.Identity{ServerID: "S1", BootID: "b2", Epoch: 2}
	for want, e := range map[string]messages.Event{
		`level=WARN msg=ConnectionLost server.id=S1 server.address=lic1:6200 failed=2 cause="no route" features=5`: messages.ConnectionLost{
			Server: logServer, Failed: 2, Cause: "no route", Features: 5},
		`level=INFO msg=ServerRestarted server.id=S1 server.address=lic1:6200 old.server_id=S1 old.boot_id=b1 old.epoch=1 new.server_id=S1 new.boot_id=b2 new.epoch=2`: messages.ServerRestarted{
			Server: logServer, Old: old, New: changed},
		`level=WARN msg=LeaseAtRisk server.address=lic1:6200 features=1 age=4m45s timeout=5m0s`: messages.LeaseAtRisk{
			Server: messages.Server{Address: "lic1:6200"}, Features: 1, Age: 285 * time.Second, Timeout: 5 * time.Minute},
		`level=ERROR msg=LicenseLost id=7 feature=f2 version=1.2 count=3 server.id=S1 server.address=lic1:6200 state=Lost reason=NoSeats`: messages.LicenseLost{
			Claim: logClaim, Server: logServer, State: messages.StateLost, Reason: messages.NoSeats},
		`level=DEBUG msg=CheckedOut id=7 feature=f2 version=1.2 count=3 server.id=S1 server.address=lic1:6200 local=false overdraft=true`: messages.CheckedOut{
			Claim: logClaim, Server: logServer, Overdraft: true},
		`level=ERROR msg=DownLimitExceeded server.id=S1 server.address=lic1:6200 count=11 max=10 window=1h0m0s until=2026-03-04T12:00:00.000Z`: messages.DownLimitExceeded{
			Server: logServer, Count: 11, Max: 10, Window: time.Hour, Until: time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)},
		`level=INFO msg=AvailabilityRestored`: messages.AvailabilityRestored{},
		`level=ERROR msg=Exited features=2 names="[f2 f3]" servers=[lic1:6200] failed=5 cause=gone`: messages.Exited{
			Features: 2, Names: []string{"f2", "f3"}, Servers: []messages.Address{"lic1:6200"}, Failed: 5, Cause: "gone"},
	} {
		t.Run(messages.Name(e), func(t *testing.T) { assert.Equal(t, want, logged(e, asText)) })
	}
}

// A handler writes slog's own durations as it likes, the JSON handler as nanoseconds.
func TestALogRecordHasTextForDurationsAndGroupsForIdentitiesInJSONToo(t *testing.T) {
	assert.JSONEq(t, `{"level": "WARN", "msg": "LeaseAtRisk", "server": {"id": "S1", "address": "lic1:6200"}, "features": 1,
		"age": "4m45s", "timeout": "5m0s"}`,
		logged(messages.LeaseAtRisk{Server: logServer, Features: 1, Age: 285 * time.Second, Timeout: 5 * time.Minute}, asJSON))
	assert.JSONEq(t, `{"level": "WARN", "msg": "ServerReplaced", "server": {"id": "S1", "address": "lic1:6200"},
		"old": {"server_id": "S1", "boot_id": "b1", "epoch": 1}, "new": {"server_id": "S2", "boot_id": "b2", "epoch": 2}}`,
		logged(messages.ServerReplaced{
			Server: logServer,
			Old:    messages.Identity{ServerID: "S1", BootID: "b1", Epoch: 1},
			New:    messages.Identity{ServerID: "S2", BootID: "b2", Epoch: 2},
		}, asJSON))
}

func TestTheConfigurationsWarningHasTextForDurations(t *testing.T) {
	var out bytes.Buffer
	c := Config{Heartbeat: Heartbeat{Attempts: 1, Interval: 10 * time.Second}, Logger: slog.New(slog.NewJSONHandler(&out, nil))}
	c.warn()
	assert.Contains(t, out.String(), `"interval":"10s","advised_min":"30s","advised_max":"2m0s"`)
}
