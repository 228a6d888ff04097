package actors

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// Go's allocator has a size class of 192 bytes; the next one takes 16 more of each of a million features.
func TestAFeatureFitsIn192Bytes(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(Feature{}), uintptr(192))
}
