package outagefile

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzOutageFile reads a file of any contents. It is refused, or its intact part is read the same way again, and so is the
// rewritten file.
func FuzzOutageFile(f *testing.F) {
	const record = `{"server":"S1","last":{"server_id":"S1","boot_id":"b1","epoch":1},"outages":[` +
		`{"boot_id":"b1","restart":true,"down":"2026-03-04T12:00:00Z","up":"2026-03-04T13:00:00+01:00"}]}`
	f.Add([]byte(withSums(record)))
	f.Add([]byte(withSums(record, record) + "00000000 {"))
	f.Add([]byte("seatbeat-outages 1 1\n"))
	f.Fuzz(checkDecoding)
}

// FuzzOutageRecord reads a file with correct checksums and a record of any contents.
func FuzzOutageRecord(f *testing.F) {
	f.Add(`{"server":"S1","last":{"server_id":"S1","boot_id":"b1","epoch":1},"outages":[` +
		`{"boot_id":"b1","restart":false,"down":"0000-01-01T00:00:00+23:59","up":"9999-12-31T23:59:59.999999999-23:59"}]}`)
	f.Add(`{"server":"S1","outages":null}{}`)
	f.Add(`{"Server":"\ud800","last":null}`)
	f.Fuzz(func(t *testing.T, content string) { checkDecoding(t, []byte(withSums(content))) })
}

func checkDecoding(t *testing.T, text []byte) {
	l, damage := decode("outages", text)
	if damage != nil {
		assert.LessOrEqual(t, damage.Offset, int64(len(text)))
		return
	}
	require.LessOrEqual(t, l.size, int64(len(text)))
	again, damage := decode("outages", text[:l.size])
	require.Nil(t, damage)
	require.Equal(t, l, again)
	now := time.Date(2026, time.March, 4, 12, 30, 0, 0, time.UTC)
	l.normalize(now)
	require.False(t, l.normalize(now), "times in the future are corrected once")
	anew, err := l.encode()
	require.NoError(t, err)
	again, damage = decode("outages", anew)
	require.Nil(t, damage)
	assert.Equal(t, slices.Clone(l.servers[max(0, len(l.servers)-KeptServers):]), again.servers)
}
