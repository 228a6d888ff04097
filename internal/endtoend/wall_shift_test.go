//go:build wallshift

package endtoend

import (
	"time"
	_ "unsafe" // for go:linkname
)

// wallShift is what the overlay of package time adds to the wall clock, in seconds.
//
//go:linkname wallShift time.wallShift
var wallShift int64

// shiftWall moves the wall clock of this process, as somebody does who sets the clock of the machine.
func shiftWall(by time.Duration) { wallShift += int64(by / time.Second) }
