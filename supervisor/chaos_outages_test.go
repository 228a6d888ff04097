package supervisor

import "github.com/seatbeat/seatbeat/messages"

// outages checks that each outage is counted once: there is a reason for each count that was not counted before.
type outages struct {
	reasons map[string]int // by ServerID: failed beats and restarts told since the last count
	counted map[string]int // by ServerID: the count last told
	excused int            // counts whose reason was lost with a panic
	tripped bool           // the limit was exceeded at least once
}

// note notes a reason to count an outage of servers.
func (o *outages) note(servers ...string) {
	if o.reasons == nil {
		o.reasons, o.counted = map[string]int{}, map[string]int{}
	}
	for _, id := range servers {
		o.reasons[id]++
	}
}

func (s *story) outageCounted(e messages.OutageCounted) {
	o := &s.outages
	if o.reasons[e.Server.ID] == 0 {
		o.excused++
	}
	if o.excused > s.w.saboteur.strikes() {
		s.w.report("an outage of %s was counted, but nothing happened to it since the last one", e.Server.ID)
	}
	if e.Count < 1 || e.Count > o.counted[e.Server.ID]+1 {
		s.w.report("outage %d of %s was counted after %d", e.Count, e.Server.ID, o.counted[e.Server.ID])
	}
	o.note()
	o.reasons[e.Server.ID], o.counted[e.Server.ID] = 0, e.Count
}
