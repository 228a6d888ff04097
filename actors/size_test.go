package actors

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

func TestSize(t *testing.T) {
	assert.EqualValues(t, 192, unsafe.Sizeof(Feature{}))
	assert.EqualValues(t, 72, unsafe.Sizeof(Member{}))
	assert.EqualValues(t, 48, unsafe.Sizeof(feature{}))
}
