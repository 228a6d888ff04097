package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc64"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestARecordComesBackAsItWas(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	records := []ledger.Record{
		{Seq: 1, Kind: ledger.RecordStart, ServerID: "S1", Epoch: 1<<64 - 1},
		{
			Seq: 1 << 40, Kind: ledger.RecordGrant, Holder: ledger.Holder{Identity: string(bytes.Repeat([]byte("i"), 512)), Instance: [16]byte{1, 15: 2}},
			Request: messages.RequestID{3, 15: 4}, Lease: messages.LeaseID{5, 15: 6}, Feature: string(bytes.Repeat([]byte("f"), 128)),
			Major: 1<<16 - 1, Minor: 1<<16 - 1, Count: 1<<32 - 1,
		},
		{
			Seq: 1<<64 - 1, Kind: ledger.RecordEnd, Request: messages.RequestID{3}, Lease: messages.LeaseID{5},
			Reason: messages.FeatureExpired,
		},
	}
	require.NoError(t, l.Append(ledger.Batch{Records: records}))
	require.NoError(t, l.Close())
	assert.Equal(t, records, replayed(t, New(l.path)))
}

func TestANewLedgerIsForItsOwnerOnly(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	for _, path := range []string{l.path, ownerFile(l.path)} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode(), path)
	}
	require.NoError(t, l.Close())
	entries, err := os.ReadDir(filepath.Dir(l.path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "something is left beside the ledger")
}

func TestASecondServerIsToldWhoUsesTheLedger(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	host, err := os.Hostname()
	require.NoError(t, err)
	_, checked := Replay(l.path, nil)
	for _, err := range []error{l.Open(nil), New(l.path).Open(nil), checked} {
		user, ok := errors.AsType[*InUseError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, os.Getpid(), user.PID)
		assert.Equal(t, host, user.Host)
		assert.ErrorContains(t, err, l.path)
	}
	require.NoError(t, l.Close())
	assert.Empty(t, replayed(t, New(l.path)))
}

func TestADamagedLedgerIsRefusedByName(t *testing.T) {
	l := New(newPath(t))
	require.NoError(t, os.WriteFile(l.path, nil, 0o600))
	_, checked := Replay(l.path, nil)
	for _, err := range []error{l.Open(nil), checked} {
		damaged, ok := errors.AsType[*DamagedError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, l.path, damaged.Path)
		assert.ErrorContains(t, err, "restore "+l.path+" from a backup")
	}
}

func TestOpenEndsWithTheErrorOfReplay(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{grantRecord(1, 0)}}))
	require.NoError(t, l.Close())
	unwanted := errors.New("unwanted")
	require.ErrorIs(t, l.Open(func(ledger.Record) error { return unwanted }), unwanted)
	assert.Len(t, replayed(t, l), 1, "after an error the ledger is not in use")
}

func TestAFailedAppendIsNeverTriedAgain(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	require.ErrorContains(t, New(l.path).Append(ledger.Batch{}), "is not open")
	require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{grantRecord(2, 0)}}))
	failed := l.Append(ledger.Batch{Records: []ledger.Record{grantRecord(3, 1), grantRecord(2, 2)}})
	require.ErrorContains(t, failed, "record 2 is appended after record 3")
	assert.Equal(t, failed, l.Append(ledger.Batch{Records: []ledger.Record{grantRecord(4, 1)}}))
	require.NoError(t, l.Close())
	assert.Len(t, replayed(t, l), 1)
}

func TestAWriteThatTheDiskRefusesFailsTheAppend(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	l.session.test.Hit = func(point string) {
		if point == "compacted" {
			l.session.db.MaxSize = 1 // a full disk, as far as bbolt can tell
		}
	}
	big := make([]ledger.Record, 1000)
	for i := range big {
		big[i] = grantRecord(uint64(i+1), uint32(i))
	}
	require.ErrorIs(t, l.Append(ledger.Batch{Records: big}), bolterrors.ErrMaxSizeReached)
	require.ErrorIs(t, l.Append(ledger.Batch{Records: big[:1]}), bolterrors.ErrMaxSizeReached)
	require.NoError(t, l.Close())
	assert.Empty(t, replayed(t, l))
}

func TestASweepKeepsTheStateAndTheSizeOfTheFile(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	const slots, rounds = 1000, 30
	seq := uint64(0)
	var void []uint64
	var size int64
	for round := range rounds {
		var batch ledger.Batch
		for slot := range uint32(slots) {
			g := grantRecord(seq+1, slot)
			batch.Records = append(batch.Records, g, endRecord(seq+2, g))
			batch.Drop = append(batch.Drop, seq+1)
			void, seq = append(void, seq+2), seq+2
		}
		if round > 0 { // the ends of a round are remembered for the next round
			batch.Drop = append(batch.Drop, void[:slots]...)
			void = void[slots:]
		}
		require.NoError(t, l.Append(batch))
		info, err := os.Stat(l.path)
		require.NoError(t, err)
		if round == rounds/2 {
			size = info.Size()
		}
		if round > rounds/2 {
			require.LessOrEqual(t, info.Size(), size)
		}
	}
	require.NoError(t, l.Close())
	records := replayed(t, l)
	assert.Less(t, len(records), 4*defaultCompaction.Start)
	state := netState(records)
	assert.Len(t, state, slots)
	for _, r := range state {
		assert.Equal(t, ledger.RecordEnd, r.Kind)
		assert.Greater(t, r.Seq, seq-2*slots)
	}
}

func TestABackupIsTheLedgerAtOneMoment(t *testing.T) {
	for records := range 4 { // an odd and an even number of transactions
		l := New(newPath(t))
		require.Empty(t, replayed(t, l))
		for i := range records {
			require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{grantRecord(uint64(i+1), uint32(i))}}))
		}
		copied := l.path + ".copy"
		require.NoError(t, l.BackupTo(copied))
		require.ErrorIs(t, l.BackupTo(copied), fs.ErrExist)
		require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{grantRecord(9, 9)}}))
		require.NoError(t, l.Close())
		_, err := l.Backup(nil)
		require.ErrorIs(t, err, fs.ErrClosed)

		backup := New(copied)
		assert.Len(t, replayed(t, backup), records)
		require.NoError(t, backup.Append(ledger.Batch{Records: []ledger.Record{grantRecord(10, 10)}}))
		require.NoError(t, backup.Close())
		assert.Len(t, replayed(t, backup), records+1)
		require.NoError(t, backup.Close())
	}
}

func TestALedgerOfAnotherFormatIsRefused(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	require.NoError(t, l.session.db.Update(func(tx *bbolt.Tx) error {
		value := bytes.Clone(tx.Bucket(headBucket).Get(headKey))
		binary.BigEndian.PutUint32(value, format+1)
		return tx.Bucket(headBucket).Put(headKey, value)
	}))
	require.NoError(t, l.Close())
	assert.ErrorContains(t, l.Open(nil), "format is 4")
}

// writeFormat makes a ledger look as if a program of this format had written it.
func writeFormat(t *testing.T, l *Ledger, format uint32) {
	require.NoError(t, l.session.db.Update(func(tx *bbolt.Tx) error {
		value := bytes.Clone(tx.Bucket(headBucket).Get(headKey))
		binary.BigEndian.PutUint32(value, format)
		binary.BigEndian.PutUint64(value[4:], uint64(tx.ID()))
		sum := crc64.Checksum(value[:headLength-sumLength], sumTable)
		binary.BigEndian.PutUint64(value[headLength-sumLength:], sum)
		return tx.Bucket(headBucket).Put(headKey, value)
	}))
}

func TestALedgerOfTheFirstFormatIsReadAndGoesOn(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	old := grantRecord(1, 0)
	require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{old}}))
	writeFormat(t, l, 1)
	require.NoError(t, l.Close())
	require.Equal(t, []ledger.Record{old}, replayed(t, l))
	shared := grantRecord(2, 1)
	shared.Share, shared.Group, shared.Overdrawn = license.ShareHost, [16]byte{1, 2}, true
	late := ledger.Record{Seq: 3, Kind: ledger.RecordTime, Wall: 1 << 40}
	require.NoError(t, l.Append(ledger.Batch{Records: []ledger.Record{shared, late}}))
	require.NoError(t, l.Close())
	assert.Equal(t, []ledger.Record{old, shared, late}, replayed(t, l))
	require.NoError(t, l.Close())
}

func TestAFileThatAnotherProgramWroteToIsRefused(t *testing.T) {
	l := New(newPath(t))
	require.Empty(t, replayed(t, l))
	require.NoError(t, l.session.db.Update(func(tx *bbolt.Tx) error { return nil }))
	require.NoError(t, l.Close())
	damaged, ok := errors.AsType[*DamagedError](l.Open(nil))
	require.True(t, ok)
	assert.Equal(t, l.path, damaged.Path)
	assert.Contains(t, damaged.Damage, "transaction")
}
