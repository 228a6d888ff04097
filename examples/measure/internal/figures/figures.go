// Package figures formats numbers for people.
package figures

import "strconv"

// Grouped formats a number without its fraction, with commas between thousands: 1,234,567.
func Grouped[N int | int64 | float64](n N) string {
	digits := strconv.FormatFloat(float64(n), 'f', 0, 64)
	first := 1
	if n < 0 {
		first = 2
	}
	for at := len(digits) - 3; at >= first; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
