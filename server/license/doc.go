// Package license has the values that a licence is made of: a [License] and its [Feature] blocks, with the [Share] that
// says whose leases hold one seat together. It reads no file and checks no signature: see package licensefile.
package license
