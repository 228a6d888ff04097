package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// This file reads bbolt's format without bbolt. bbolt maps the file into memory and follows every pointer in it: on a
// damaged file it panics, also in goroutines of its own, reads beyond the mapping or loops for ever. So every page in use
// is checked here before bbolt opens the file for writing. That costs less than reading the records through bbolt.

// The parts of bbolt's format, version 2. Numbers are in the byte order of the machine.
const (
	pageHeader   = 16 // id uint64, flags uint16, count uint16, overflow uint32
	pageBranch   = 0x01
	pageLeaf     = 0x02
	pageMeta     = 0x04
	elementSize  = 16 // branch: pos uint32, ksize uint32, page uint64; leaf: flags, pos, ksize, vsize, each uint32
	leafBucket   = 0x01
	bucketHeader = 16 // root page uint64, sequence uint64; a bucket without a root page has its page after this
	metaLength   = 64 // magic, version, page size, flags, each uint32; root, sequence, freelist, pages, tx, checksum
	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	noFreelist   = 1<<64 - 1
	maxPageSize  = 1 << 24
	maxDepth     = 32
)

var native = binary.NativeEndian

// meta is what a meta page says: where one state of the file begins.
type meta struct {
	pageSize              int
	root, freelist, pages uint64
	tx                    uint64
}

// pageReader reads a file page by page. It fails at the first thing that bbolt would not have written.
type pageReader struct {
	file io.ReaderAt
	size int64
	meta meta
	seen []uint64         // a bit for each page that was read: a page in use has one parent
	bufs [maxDepth][]byte // one for each level of the tree
}

// openPages reads the two meta pages. Both must be intact: commits write them alternately, and when one is damaged nobody
// knows whether it was the newer one, whose grants are in use.
func openPages(file io.ReaderAt, size int64) (*pageReader, error) {
	p := pageReader{file: file, size: size}
	first, err := p.readMeta(0, 0)
	if err != nil {
		return nil, err
	}
	second, err := p.readMeta(1, int64(first.pageSize))
	if err != nil {
		return nil, err
	}
	p.meta = first
	if second.tx > first.tx {
		p.meta = second
	}
	if first.pageSize != second.pageSize || first.tx-second.tx != 1 && second.tx-first.tx != 1 {
		return nil, damage("its two meta pages, of transactions %d and %d, do not belong together", first.tx, second.tx)
	}
	if p.meta.pages > uint64(size)/uint64(p.meta.pageSize) {
		return nil, damage("it was cut: %d pages of %d bytes are not in %d bytes", p.meta.pages, p.meta.pageSize, size)
	}
	if p.meta.freelist != noFreelist {
		return nil, damage("another program wrote to it")
	}
	p.seen = make([]uint64, p.meta.pages/64+1)
	return &p, nil
}

func (p *pageReader) readMeta(number uint64, at int64) (m meta, err error) {
	b := make([]byte, pageHeader+metaLength)
	if err := p.readAt(b, at); err != nil {
		return m, err
	}
	id, flags, b := native.Uint64(b), native.Uint16(b[8:]), b[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaLength-8])
	if native.Uint32(b) != metaMagic || native.Uint32(b[4:]) != metaVersion || native.Uint64(b[56:]) != sum.Sum64() {
		return m, damage("meta page %d does not match its checksum", number)
	}
	m = meta{
		pageSize: int(native.Uint32(b[8:])), root: native.Uint64(b[16:]),
		freelist: native.Uint64(b[32:]), pages: native.Uint64(b[40:]), tx: native.Uint64(b[48:]),
	}
	if id != number || flags != pageMeta || m.tx%2 != number {
		return m, damage("meta page %d has another number", number)
	}
	if m.pageSize < 512 || m.pageSize > maxPageSize {
		return m, damage("its pages are %d bytes long", m.pageSize)
	}
	return m, nil
}

// readAt fills b. A file that is too short is damaged; when the disk fails to read, its error is returned.
func (p *pageReader) readAt(b []byte, at int64) error {
	if at < 0 || at > p.size-int64(len(b)) {
		return damage("it was cut: %d bytes at %d are not in %d bytes", len(b), at, p.size)
	}
	if _, err := p.file.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// read returns a page with its overflow pages. The bytes are valid until the next page of the same depth is read.
func (p *pageReader) read(id uint64, depth int) ([]byte, error) {
	if depth >= maxDepth || id < 2 || id >= p.meta.pages {
		return nil, damage("page %d is used and does not exist", id)
	}
	size := p.meta.pageSize
	b := grown(p.bufs[depth], size)
	if err := p.readAt(b, int64(id)*int64(size)); err != nil {
		return nil, err
	}
	overflow := uint64(native.Uint32(b[12:]))
	if native.Uint64(b) != id || overflow >= p.meta.pages-id {
		return nil, damage("page %d has another number", id)
	}
	for i := id; i <= id+overflow; i++ {
		if p.seen[i/64]&(1<<(i%64)) != 0 {
			return nil, damage("page %d is used twice", i)
		}
		p.seen[i/64] |= 1 << (i % 64)
	}
	if overflow > 0 {
		b = grown(b, size*int(1+overflow))
		if err := p.readAt(b, int64(id)*int64(size)); err != nil {
			return nil, err
		}
	}
	p.bufs[depth] = b
	return b, nil
}

func grown(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// keyRange bounds the keys below a page: at or after first, before end; nil is no bound.
type keyRange struct{ first, end []byte }

// holds reports whether a key is within the range. When the key equal to first was met before, it is not.
func (r keyRange) holds(key []byte, met bool) bool {
	if r.end != nil && bytes.Compare(key, r.end) >= 0 {
		return false
	}
	c := bytes.Compare(r.first, key)
	return c < 0 || c == 0 && !met
}

// leafFunc is called for each element of a tree, in the order of keys. The slices belong to the reader.
type leafFunc func(flags uint32, key, value []byte) error

// walk visits all elements of the tree with this root page.
func (p *pageReader) walk(root uint64, visit leafFunc) error {
	return p.walkPage(root, 0, keyRange{}, visit)
}

func (p *pageReader) walkPage(id uint64, depth int, within keyRange, visit leafFunc) error {
	b, err := p.read(id, depth)
	if err != nil {
		return err
	}
	var children []child
	switch flags, count := native.Uint16(b[8:]), native.Uint16(b[10:]); {
	case flags == pageLeaf && (depth == 0 || count > 0):
		err = walkLeaf(b, within, visit)
	case flags == pageBranch && count > 0:
		children, err = childrenOf(b, within)
	default:
		err = damage("it is of kind %#x with %d elements", flags, count)
	}
	if d, ok := errors.AsType[*DamagedError](err); ok {
		return damage("page %d: %s", id, d.Damage)
	}
	for _, c := range children {
		if err := p.walkPage(c.page, depth+1, c.within, visit); err != nil {
			return err
		}
	}
	return err
}

// child is a page below a branch page, with the range of its keys.
type child struct {
	page   uint64
	within keyRange
}

func childrenOf(b []byte, within keyRange) ([]child, error) {
	children := make([]child, native.Uint16(b[10:]))
	for i := range children {
		e := pageHeader + i*elementSize
		if e+elementSize > len(b) {
			return nil, damage("element %d is outside", i)
		}
		first, err := part(b, e+int(native.Uint32(b[e:])), int(native.Uint32(b[e+4:])))
		if err != nil {
			return nil, err
		}
		if !within.holds(first, i > 0) {
			return nil, damage("its keys are out of order")
		}
		within.first = first
		children[i] = child{native.Uint64(b[e+8:]), within}
		if i > 0 {
			children[i-1].within.end = first
		}
	}
	return children, nil
}

func walkLeaf(b []byte, within keyRange, visit leafFunc) error {
	for i := range int(native.Uint16(b[10:])) {
		e := pageHeader + i*elementSize
		if e+elementSize > len(b) {
			return damage("element %d is outside", i)
		}
		at, keyLength := e+int(native.Uint32(b[e+4:])), int(native.Uint32(b[e+8:]))
		key, err := part(b, at, keyLength)
		if err != nil {
			return err
		}
		value, err := part(b, at+keyLength, int(native.Uint32(b[e+12:])))
		if err != nil {
			return err
		}
		if !within.holds(key, i > 0) {
			return damage("its keys are out of order")
		}
		within.first = key
		if err := visit(native.Uint32(b[e:]), key, value); err != nil {
			return err
		}
	}
	return nil
}

// part returns the bytes of an element, which must be within the page.
func part(b []byte, at, length int) ([]byte, error) {
	if at < pageHeader || length < 0 || at > len(b) || length > len(b)-at {
		return nil, damage("an element is outside")
	}
	return b[at : at+length : at+length], nil
}
