package bolt

import (
	"bytes"
	"hash/crc64"
	"os"

	"github.com/seatbeat/seatbeat/server/ledger"
)

// readFile checks a whole ledger, passes its records to read in order and returns its head. Nobody may write to the file
// meanwhile. That the file is undamaged is known only when readFile returns nil.
func readFile(path string, read func(ledger.Record) error) (head, error) {
	file, err := os.Open(path)
	if err != nil {
		return head{}, err
	}
	defer func() { _ = file.Close() }() // nothing was written to it
	info, err := file.Stat()
	if err != nil {
		return head{}, err
	}
	pages, err := openPages(file, info.Size())
	if err != nil {
		return head{}, err
	}
	h, records, err := readRoot(pages)
	if err != nil {
		return head{}, err
	}
	found, err := readRecords(pages, records, read)
	if err != nil {
		return head{}, err
	}
	if found.count != h.count || found.sum != h.sum {
		return head{}, damage("it holds %d records of %d, or other ones", found.count, h.count)
	}
	return h, nil
}

// readRoot reads the tree of buckets. It returns the head, and where the records are.
func readRoot(pages *pageReader) (h head, records bucketPlace, err error) {
	var inHead []byte
	seen := 0
	err = pages.walk(pages.meta.root, func(flags uint32, key, value []byte) error {
		seen++
		bucket, err := placeOf(flags, value)
		switch {
		case err != nil:
			return err
		case bytes.Equal(key, headBucket):
			inHead = bucket.inline
		case bytes.Equal(key, recordsBucket):
			records = bucket
		}
		return nil
	})
	switch {
	case err != nil:
		return h, records, err
	case seen != 2 || inHead == nil || records.root == 0 && records.inline == nil:
		return h, records, damage("it is not the ledger of a server")
	}
	found := 0
	err = walkLeaf(inHead, keyRange{}, func(flags uint32, key, value []byte) error {
		if found++; found > 1 || flags != 0 || !bytes.Equal(key, headKey) {
			return damage("its head bucket holds something else than a head")
		}
		h, err = parseHead(value)
		return err
	})
	if err == nil && (found != 1 || h.tx != pages.meta.tx) {
		err = damage("its head is of transaction %d, the file of transaction %d", h.tx, pages.meta.tx)
	}
	return h, records, err
}

// bucketPlace is where the elements of a bucket are: below a page of the bucket's own or, while they are few, in a page
// inside the element that names the bucket.
type bucketPlace struct {
	root   uint64 // 0 when the elements are inline
	inline []byte
}

func placeOf(flags uint32, value []byte) (bucketPlace, error) {
	if flags != leafBucket || len(value) < bucketHeader {
		return bucketPlace{}, damage("an element of the root is no bucket")
	}
	if root := native.Uint64(value); root != 0 {
		return bucketPlace{root: root}, nil
	}
	inline := bytes.Clone(value[bucketHeader:])
	if len(inline) < pageHeader || native.Uint16(inline[8:]) != pageLeaf {
		return bucketPlace{}, damage("a bucket of the root has no page")
	}
	return bucketPlace{inline: inline}, nil
}

// readRecords reads all records and returns their number and sum.
func readRecords(pages *pageReader, records bucketPlace, read func(ledger.Record) error) (found head, err error) {
	reader := recordReader{texts: make(map[string]string)}
	visit := func(flags uint32, key, value []byte) error {
		if flags != 0 || len(key) != seqLength || len(value) < sumLength {
			return damage("an element is no record")
		}
		sum := crc64.Update(crc64.Checksum(key, sumTable), sumTable, value[:len(value)-sumLength])
		if sum != sumOf(value) {
			return damage("record %x does not match its checksum", key)
		}
		found.add(sum)
		r, err := reader.read(key, value)
		if err != nil {
			return damage("record %d %v", r.Seq, err)
		}
		return read(r)
	}
	if records.root == 0 {
		err = walkLeaf(records.inline, keyRange{}, visit)
	} else {
		err = pages.walk(records.root, visit)
	}
	return found, err
}
