package bolt

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/server/ledger"
)

// image is a ledger file after a commit, without the unused space at its end, and its records.
type image struct {
	file    []byte
	records []ledger.Record
}

const imagePage = 4096

// images returns the file after each of several commits that grow and compact it.
func images(t *testing.T) (all []image) {
	l := eager(newPath(t))
	require.Empty(t, replayed(t, l))
	seq := uint64(0)
	var held []ledger.Record
	for range 24 {
		var batch ledger.Batch
		for slot := range uint32(20) {
			seq++
			g := grantRecord(seq, slot+uint32(seq)/20*20)
			batch.Records, held = append(batch.Records, g), append(held, g)
		}
		for range 12 {
			seq++
			g := held[0]
			held = held[1:]
			batch.Records, batch.Drop = append(batch.Records, endRecord(seq, g)), append(batch.Drop, g.Seq)
		}
		require.NoError(t, l.Append(batch))
		var i image
		file, err := os.ReadFile(l.path)
		require.NoError(t, err)
		i.file = cut(t, file)
		_, err = readFile(l.path, func(r ledger.Record) error {
			i.records = append(i.records, r)
			return nil
		})
		require.NoError(t, err)
		all = append(all, i)
	}
	require.NoError(t, l.Close())
	return all
}

// cut removes the pages that were never used.
func cut(t *testing.T, file []byte) []byte {
	pages, err := openPages(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, imagePage, pages.meta.pageSize, "the cases below are made for such pages")
	return file[:pages.meta.pages*imagePage]
}

func (i image) page(n int) []byte { return i.file[n*imagePage : (n+1)*imagePage] }

func (i image) pages() int { return len(i.file) / imagePage }

// with returns a copy of the file after a change.
func (i image) with(change func(file []byte)) []byte {
	file := bytes.Clone(i.file)
	change(file)
	return file
}

// damages counts how many damaged files were refused and how many were read right.
type damages struct {
	t              *testing.T
	path           string
	refused, right int
}

// open claims that a file is refused, or opened right: with those records, and ready for more. It reports whether the file
// was opened.
func (d *damages) open(name string, file []byte, records []ledger.Record) bool {
	require.NoError(d.t, os.WriteFile(d.path, file, 0o600))
	var found []ledger.Record
	_, err := replayFile(d.path, func(r ledger.Record) error { // the part of Open that refuses
		found = append(found, r)
		return nil
	})
	if err != nil {
		var damaged *DamagedError
		require.ErrorAs(d.t, err, &damaged, name)
		d.refused++
		return false
	}
	d.right++
	require.Equal(d.t, records, found, "opened wrong: %s", name)
	db, err := openDB(d.path, false) // a fault in bbolt would end the process
	require.NoError(d.t, err, name)
	require.NoError(d.t, db.Close())
	if d.right%8 == 0 {
		l, more := unsynced(d.path), grantRecord(1<<30, 1<<20)
		require.Equal(d.t, found, replayed(d.t, l), name)
		require.NoError(d.t, l.Append(ledger.Batch{Records: []ledger.Record{more}}))
		require.NoError(d.t, l.Close())
		require.Equal(d.t, append(found, more), replayed(d.t, l), name)
		require.NoError(d.t, l.Close())
	}
	return true
}

func newDamages(t *testing.T) *damages {
	d := &damages{t: t, path: newPath(t)}
	t.Cleanup(func() { t.Logf("%d damaged files: %d refused, %d opened right", d.refused+d.right, d.refused, d.right) })
	return d
}

func TestACutLedgerIsRefused(t *testing.T) {
	all, d := images(t), newDamages(t)
	last := all[len(all)-1]
	require.True(t, d.open("whole", last.file, last.records))
	for at := 0; at < len(last.file); at += 1021 {
		assert.False(t, d.open(fmt.Sprint("cut at ", at), last.file[:at], last.records))
	}
	for from := 0; from < len(last.file); from += 2039 { // the tail was never written
		d.open(fmt.Sprint("zero from ", from), last.with(func(f []byte) { clear(f[from:]) }), last.records)
	}
}

func TestALedgerWithAFlippedBitIsRefusedOrRight(t *testing.T) {
	all, d := images(t), newDamages(t)
	last := all[len(all)-1]
	for at := 0; at < len(last.file); at += 193 {
		bit := byte(1) << rand.IntN(8)
		d.open(fmt.Sprint("bit ", bit, " of byte ", at), last.with(func(f []byte) { f[at] ^= bit }), last.records)
	}
	for at := range 80 { // all bytes of page headers and meta pages
		d.open(fmt.Sprint("byte ", at), last.with(func(f []byte) { f[at] ^= 0xff }), last.records)
		page := 2 + at%(last.pages()-2)
		d.open(fmt.Sprint("byte ", at, " of page ", page), last.with(func(f []byte) { f[page*imagePage+at] ^= 0xff }), last.records)
	}
}

func TestALedgerWithMisplacedPagesIsRefusedOrRight(t *testing.T) {
	all, d := images(t), newDamages(t)
	last := all[len(all)-1]
	for i := range last.pages() {
		for j := range i {
			swapped := last.with(func(f []byte) {
				copy(f[i*imagePage:], last.page(j))
				copy(f[j*imagePage:], last.page(i)[:imagePage])
			})
			d.open(fmt.Sprint("swapped ", i, " ", j), swapped, last.records)
			copied := last.with(func(f []byte) { copy(f[i*imagePage:], last.page(j)) })
			d.open(fmt.Sprint("copied ", j, " to ", i), copied, last.records)
		}
	}
}

// A disk that lost a write returns the earlier page, which is well formed.
func TestAPageFromAnEarlierCommitIsNoticed(t *testing.T) {
	all, d := images(t), newDamages(t)
	last := all[len(all)-1]
	for at, earlier := range all[:len(all)-1] {
		for page := 2; page < min(earlier.pages(), last.pages()); page++ {
			if !bytes.Equal(earlier.page(page), last.page(page)) {
				stale := last.with(func(f []byte) { copy(f[page*imagePage:], earlier.page(page)) })
				d.open(fmt.Sprint("page ", page, " of commit ", at), stale, last.records)
			}
		}
	}
	assert.Positive(t, d.refused)
}

// After a power cut any pages of a commit may be on the disk, as long as the meta page is not. When the meta page is there
// and other pages are missing, the disk has acknowledged writes that it did not make.
func TestAPowerCutInACommitLeavesTheStateBefore(t *testing.T) {
	all, d := images(t), newDamages(t)
	for at := 1; at < len(all); at++ {
		before, after := all[at-1], all[at]
		for try := range 10 {
			torn := after.with(func(f []byte) {
				for page := range after.pages() {
					if old := min(len(before.file), page*imagePage); rand.IntN(2) == 0 {
						clear(f[page*imagePage : (page+1)*imagePage])
						copy(f[page*imagePage:(page+1)*imagePage], before.file[old:])
					}
				}
			})
			d.open(fmt.Sprint("disk lied in commit ", at, " try ", try), withMetas(torn, after), after.records)
			assert.True(t, d.open(fmt.Sprint("cut in commit ", at, " try ", try), withMetas(torn, before), before.records))
		}
	}
}

func withMetas(file []byte, of image) []byte {
	file = bytes.Clone(file)
	copy(file, of.file[:2*imagePage])
	return file
}
