//go:build !wallshift

package endtoend

import "time"

// shiftWall needs a program that was built with the overlay of package time.
func shiftWall(time.Duration) { panic("this program was built with the clock as it is") }
