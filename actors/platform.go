package actors

import "strconv"

// The module is made for 64-bit platforms. On a 32-bit one the compiler stops here and names the constant, so that no
// program is built that would panic there: protoactor finds the mailbox of an actor by int(hash) modulo their number, and on
// 32 bits that is negative for half of all names.
const seatbeatNeedsA64BitPlatform = strconv.IntSize - 64

var _ [seatbeatNeedsA64BitPlatform]struct{}
