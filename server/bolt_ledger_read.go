package server

import (
	"bytes"
	"hash/crc64"
	"os"
)

// readBolt checks a whole ledger, passes its records to read in order and returns its head. Nobody may write to the
// file meanwhile. That all was right is known only when it returns nil.
func readBolt(path string, read func(Record) error) (boltHead, error) {
	file, err := os.Open(path)
	if err != nil {
		return boltHead{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return boltHead{}, err
	}
	pages, err := openPages(file, info.Size())
	if err != nil {
		return boltHead{}, err
	}
	head, records, err := readRoot(pages)
	if err != nil {
		return boltHead{}, err
	}
	found, err := readRecords(pages, records, read)
	if err != nil {
		return boltHead{}, err
	}
	if found.count != head.count || found.sum != head.sum {
		return boltHead{}, damage("it holds %d records of %d, or other ones", found.count, head.count)
	}
	return head, nil
}

// readRoot reads the tree of buckets: it returns the head and the root page of the records, 0 if they are in the root.
func readRoot(pages *boltPages) (head boltHead, records bucketPlace, err error) {
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
		return head, records, err
	case seen != 2 || inHead == nil || records.root == 0 && records.inline == nil:
		return head, records, damage("it is not the ledger of a server")
	}
	found := 0
	err = walkLeaf(inHead, keyRange{}, func(flags uint32, key, value []byte) error {
		if found++; found > 1 || flags != 0 || !bytes.Equal(key, headKey) {
			return damage("its head is not one")
		}
		head, err = headOf(value)
		return err
	})
	if err == nil && (found != 1 || head.tx != pages.meta.tx) {
		err = damage("its head is of transaction %d, the file of transaction %d", head.tx, pages.meta.tx)
	}
	return head, records, err
}

// bucketPlace is where a bucket's elements are: below a page of its own, or, while they are few, in a page inside of the
// element that names the bucket.
type bucketPlace struct {
	root   uint64
	inline []byte
}

func placeOf(flags uint32, value []byte) (place bucketPlace, err error) {
	if flags != leafBucket || len(value) < bucketHeader {
		return place, damage("an element of the root is no bucket")
	}
	if place.root = native.Uint64(value); place.root != 0 {
		return place, nil
	}
	inline := bytes.Clone(value[bucketHeader:])
	if len(inline) < pageHeader || native.Uint16(inline[8:]) != pageLeaf {
		return place, damage("a bucket of the root has no page")
	}
	place.inline = inline
	return place, nil
}

// readRecords reads all records and returns their number and sum.
func readRecords(pages *boltPages, records bucketPlace, read func(Record) error) (found boltHead, err error) {
	reader := recordReader{texts: make(map[string]string)}
	visit := func(flags uint32, key, value []byte) error {
		if flags != 0 || len(key) != seqLength || len(value) < sumLength {
			return damage("an element is no record")
		}
		sum := crc64.Update(crc64.Checksum(key, sumTable), sumTable, value[:len(value)-sumLength])
		if sum != sumOf(value) {
			return damage("record %x does not match its checksum", key)
		}
		found.count, found.sum = found.count+1, found.sum+sum
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
