package actors

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// A size class of Go's allocator: one byte more costs each of a million features 16.
func TestAFeatureTakes192Bytes(t *testing.T) {
	assert.EqualValues(t, 192, unsafe.Sizeof(Feature{}))
}
