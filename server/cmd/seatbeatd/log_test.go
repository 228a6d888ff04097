package main

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDurationsAreTextInBothFormatsOfTheLog(t *testing.T) {
	for format, want := range map[string]string{"json": `"timeout":"5m0s"`, "text": "timeout=5m0s"} {
		var out strings.Builder
		logFlags{LogFormat: format}.logger(&out).Info("m", "timeout", 5*time.Minute)
		assert.Contains(t, out.String(), want)
		out.Reset()
		logFlags{LogFormat: format}.logger(&out).Info("m", slog.Group("g", "timeout", 5*time.Minute))
		assert.Regexp(t, `timeout("?[:=]"?)5m0s`, out.String())
	}
}

// serving is the record that a server logs when it serves.
type serving struct {
	Msg           string
	ClientTimeout string `json:"client_timeout"`
	Identity      struct {
		ServerID string `json:"server_id"`
		BootID   string `json:"boot_id"`
		Epoch    uint64
	}
}

func TestTheIdentityOfTheServerIsAGroupInTheLog(t *testing.T) {
	p := serveDev(t, t.TempDir(), "--log-format", "json")
	require.Equal(t, 0, p.stops())
	for line := range strings.Lines(p.log.String()) {
		var got serving
		if json.Unmarshal([]byte(line), &got) == nil && got.Msg == "server serves" {
			assert.Equal(t, p.ready.ServerID, got.Identity.ServerID)
			assert.Equal(t, p.ready.BootID, got.Identity.BootID)
			assert.Equal(t, p.ready.Epoch, got.Identity.Epoch)
			assert.Equal(t, "5m0s", got.ClientTimeout)
			return
		}
	}
	assert.Fail(t, "the record is missing", p.log.String())
}
