package bolt

import "github.com/seatbeat/seatbeat/messages"

// reasonNumbers are the numbers that reasons have in a ledger. A number is never changed and never used again. They happen
// to be the numbers of the wire; a test freezes both apart from each other.
var reasonNumbers = map[messages.Reason]byte{
	messages.NoSuchFeature:  1,
	messages.NoSeats:        2,
	messages.VersionTooLow:  3,
	messages.FeatureExpired: 4,
	messages.Revoked:        5,
	messages.Denied:         6,
	messages.Malformed:      7,
	messages.Busy:           8,
	messages.Draining:       9,
	messages.RateLimited:    10,
	messages.Unknown:        11,
	messages.Expired:        12,
	messages.Replaced:       13,
	messages.Returned:       14,
}

// reasonsByNumber is the same the other way round; NoReason for a number without a reason.
var reasonsByNumber = func() (reasons [256]messages.Reason) {
	for reason, number := range reasonNumbers {
		reasons[number] = reason
	}
	return reasons
}()
