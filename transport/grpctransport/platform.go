package grpctransport

import "strconv"

// The module is made for 64-bit platforms. On a 32-bit one the compiler stops here and names the constant: the actor
// library beneath the runtime panics there.
const seatbeatNeedsA64BitPlatform = strconv.IntSize - 64

var _ [seatbeatNeedsA64BitPlatform]struct{}
