package seats

import (
	"fmt"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
)

// decision is the decision of the policy about one take. The answer, the record for the ledger, the audit record and
// the metrics are made from it.
type decision struct {
	Outcome // the answer; the Lease of a new grant is known once the grant is carried out

	client *Client
	take   Take
	index  uint32 // of pool
	pool   *pool  // the pool that the take names; nil when there is none

	known uint32       // of a repeated take that is granted: the slot of its lease, plus 1
	want  demand       // of a new grant
	group shareGroupID // of a new grant: the group that shares its seats
	until int64        // of a new grant: when its licence ends, in milliseconds since 1970; 0 when it never does
}

// isNew reports whether the decision grants a lease that does not exist yet.
func (d *decision) isNew() bool { return d.Result == Granted && d.known == 0 }

// refused returns the decision as a refusal.
func (d decision) refused(reason messages.Reason, format string, args ...any) decision {
	d.Outcome = Outcome{Result: Refused, Reason: reason, Message: fmt.Sprintf(format, args...)}
	return d
}

// answered returns the decision with another answer.
func (d decision) answered(o Outcome) decision {
	d.Outcome = o
	return d
}

// repeated returns the decision as a grant of the lease in a slot, which exists already.
func (d decision) repeated(number uint32, o Outcome) decision {
	d.Outcome, d.known = o, number+1
	return d
}

// granted returns the decision as a grant of a new lease.
func (d decision) granted(want demand, group shareGroupID, overdrawn bool) decision {
	d.want, d.group, d.until = want, group, d.pool.until(want.version)
	d.Outcome = Outcome{Result: Granted, Version: want.version.version(), Overdrawn: overdrawn}
	return d
}

// carriedOut completes a new grant with its lease, and with the share group that the lease has joined.
func (d *decision) carriedOut(lease messages.LeaseID, group uint32) {
	d.Lease, d.want.group = lease, group
}

// record returns the record of a grant that was carried out.
func (d *decision) record() ledger.Record {
	r := ledger.Record{
		Kind: ledger.RecordGrant, Holder: d.client.holder, Request: d.take.Request, Lease: d.Lease,
		Feature: d.pool.name, Major: d.want.version.major(), Minor: d.want.version.minor(), Count: uint32(d.want.seats),
		Overdrawn: d.Overdrawn, Until: d.until,
	}
	if d.want.group != 0 {
		r.Share, r.Group = d.group.share, d.group.key
	}
	return r
}

// auditRecord returns the audit record of a refusal, or of a grant that was carried out.
func (d *decision) auditRecord(clients *Clients) AuditRecord {
	r := AuditRecord{
		Kind: AuditDenial, Reason: d.Reason, Message: d.Message, Version: d.take.Version, Count: d.take.Count,
		Overdrawn: d.Overdrawn, Lease: d.Lease,
	}
	if d.Result == Granted {
		r.Kind, r.Version = AuditGrant, d.Version
	}
	if d.pool == nil && d.take.Fault == "" {
		r.Feature = d.take.Feature // within the bounds of the protocol
	}
	if d.pool != nil && d.Reason == messages.NoSeats {
		r.HeldBy = d.pool.usage.sample(clients)
	}
	return r
}
