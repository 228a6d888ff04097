package seats

// licenseEnds knows when the leases are to be looked at because licences have ended that granted some of them. Times are in
// milliseconds since 1970.
type licenseEnds struct {
	next    int64 // no lease that was not looked at outlives its licence before this time; 0 when none ever does
	changed bool  // licences came or went since the leases were looked at
}

// granted notes the end of the licence that grants a lease; 0 when it never ends.
func (l *licenseEnds) granted(until int64) {
	if until != 0 && (l.next == 0 || until < l.next) {
		l.next = until
	}
}

// change notes that licences came or went.
func (l *licenseEnds) change() { l.changed = true }

// due reports whether the leases are to be looked at.
func (l *licenseEnds) due(at int64) bool { return l.changed || l.next != 0 && at >= l.next }

// looked notes that all leases were looked at, and the first end that is still to come.
func (l *licenseEnds) looked(next int64) { l.next, l.changed = next, false }
