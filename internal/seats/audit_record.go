package seats

import (
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// AuditRecord is the audit record of one decision.
type AuditRecord struct {
	Kind      AuditKind
	Reason    messages.Reason
	Overdrawn bool
	Holder    ledger.Holder
	Info      *ClientInfo // nil when the client has not connected since the server started
	Feature   string
	Version   messages.Version
	Count     int
	Used      int // seats of the feature that are held after the decision
	Seats     int // seats of the feature without overdraft
	Lease     messages.LeaseID
	Message   string       // of a denial
	HeldBy    []SeatHolder // of a denial for want of seats: some of the holders
}

// AuditKind is the kind of an AuditRecord.
type AuditKind uint8

// The kinds of audit records.
const (
	AuditGrant AuditKind = iota
	AuditDenial
	AuditCheckin
	AuditExpiry
	AuditRelease // by an administrator
)

var auditNames = [...]string{
	AuditGrant: "grant", AuditDenial: "denial", AuditCheckin: "checkin", AuditExpiry: "expiry", AuditRelease: "release",
}

// String returns the word of the kind.
func (k AuditKind) String() string { return auditNames[k] }

// auditKindOf returns the kind of the end of a lease.
func auditKindOf(reason messages.Reason) AuditKind {
	switch reason {
	case messages.Expired, messages.FeatureExpired:
		return AuditExpiry
	case messages.Revoked:
		return AuditRelease
	default:
		return AuditCheckin
	}
}
