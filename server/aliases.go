package server

import "github.com/seatbeat/seatbeat/server/license"

// The names of this file are those of earlier versions. They will be removed in the release after the next.

// Feature is [license.Feature].
//
// Deprecated: use license.Feature.
type Feature = license.Feature

// Share is [license.Share].
//
// Deprecated: use license.Share.
type Share = license.Share

// The scopes of sharing and the bound of seats.
//
// Deprecated: use the constants of package license.
const (
	ShareNone   = license.ShareNone
	ShareUser   = license.ShareUser
	ShareHost   = license.ShareHost
	ShareString = license.ShareString
	MaxSeats    = license.MaxSeats
)
