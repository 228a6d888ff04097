package conformance_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

// plainDefects are the defects of all chapters but the queue.
var plainDefects = map[string]defect{
	"identity changes": {func(d *defective, _ *conformance.Fixture) {
		d.server.Tamper(func(call transporttest.Call, reply *transporttest.Reply) {
			if call.Kind == transporttest.Heartbeats {
				reply.Identity.Epoch++
			}
		})
	}, []string{"EveryReplyCarriesTheIdentity"}},
	"no version": {func(d *defective, _ *conformance.Fixture) {
		d.changeOutcomes(func(o *transport.Outcome) { o.Version = messages.Version{} })
	}, []string{"AGrantHasALeaseAndAVersion"}},
	"no local": {func(d *defective, _ *conformance.Fixture) {
		d.changeOutcomes(func(o *transport.Outcome) { o.Local = false })
	}, []string{"ALocalGrantIsMarked"}},
	"count lost": {func(d *defective, _ *conformance.Fixture) {
		d.changeTakes(func(t *transport.Take) { t.Count = 1 })
	}, []string{"SeatsAreGrantedAllOrNone"}},
	"version lost": {func(d *defective, _ *conformance.Fixture) {
		d.changeTakes(func(t *transport.Take) { t.Version = messages.Version{} })
	}, []string{"VersionsUpToTheServedOneAreGranted"}},
	"exact lost": {func(d *defective, _ *conformance.Fixture) {
		d.changeTakes(func(t *transport.Take) { t.Exact = false })
	}, []string{"AnExactVersionIsGrantedOnlyIfServed"}},
	"wrong reason": {func(d *defective, _ *conformance.Fixture) {
		d.changeOutcomes(func(o *transport.Outcome) {
			if o.Reason != messages.NoReason {
				o.Reason = messages.Denied
			}
		})
	}, []string{
		"AFeatureThatIsNotServedIsRefused", "ARepeatAfterTheLeaseEndedIsGone", "ARequestReturnedBeforeItArrivesIsNeverExecuted",
		"ARevokedLeaseIsNotReplaced", "ATakeThatCanNeverBeGrantedDoesNotWait",
	}},
	"outcomes reversed": {func(d *defective, _ *conformance.Fixture) {
		d.server.Tamper(func(_ transporttest.Call, reply *transporttest.Reply) { slices.Reverse(reply.Outcomes) })
	}, []string{"TheTakesOfABatchAreIndependent", "TheLargestBatchIsAnsweredInOrder"}},
	"batch all or none": {causeBatchAllOrNone, []string{"TheTakesOfABatchAreIndependent"}},
	"request id changed": {func(d *defective, _ *conformance.Fixture) {
		d.changeTakes(func(t *transport.Take) { t.Request = randomRequest() })
	}, []string{
		"ARepeatedRequestGetsTheSameLease", "ARequestRepeatedWithinABatchTakesOneSeat", "ConcurrentRepeatsTakeOneSeat",
		"ARepeatAfterTheLeaseEndedIsGone", "ALeaseIsReturnedByItsRequest", "TwoAddressesOfAServerShareItsLeases",
		"RequestsAreKnownAfterARestart", "LeasesOutliveTheirSession",
	}},
	"refusals remembered": {causeRememberedRefusals, []string{"ARefusedRequestMayBeRepeated"}},
	"requests not scoped": {causeUnscopedRequests, []string{
		"TwoClientsMayDrawTheSameRequest", "OneClientDoesNotReplaceTheLeaseOfAnother",
	}},
	"replaces lost": {func(d *defective, _ *conformance.Fixture) {
		d.changeTakes(func(t *transport.Take) { t.Replaces = nil })
	}, []string{
		"ReplacingFreesAndGrantsInOneStep", "SeatsThatAreReplacedTwiceCountOnce", "AReplacedRequestIsNeverExecuted",
		"ARevokedLeaseIsNotReplaced", "AHeartbeatReportsWhichLeasesEndedAndWhy", "ATakeThatNeedsNoFurtherSeatsSkipsTheQueue",
	}},
	"replaced before granted": {causeReplacedBeforeGranted, []string{"ARefusedReplacementChangesNothing"}},
	"returns lost": {func(d *defective, _ *conformance.Fixture) {
		d.checkin = func(ctx context.Context, s transport.Session, _ []transport.Return) (transport.CheckinReply, error) {
			return s.Checkin(ctx, []transport.Return{{}})
		}
	}, []string{
		"ALeaseIsReturnedByItsID", "ALeaseIsReturnedByItsRequest", "ARequestReturnedBeforeItArrivesIsNeverExecuted",
		"TheLargestBatchOfReturnsIsTaken", "AReturnedRequestLeavesTheQueue",
	}},
	"strict returns": {causeStrictReturns, []string{"ReturningTwiceIsNoFault", "ReturningAnUnknownLeaseIsNoFault"}},
	"anybody returns": {func(d *defective, _ *conformance.Fixture) {
		d.checkin = func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error) {
			d.endLeases(func(l transporttest.Lease) bool {
				return slices.ContainsFunc(returns, func(r transport.Return) bool { return r.Lease == l.ID })
			}, messages.Returned)
			return s.Checkin(ctx, returns)
		}
	}, []string{"OneClientDoesNotReturnTheLeaseOfAnother"}},
	"empty beats refused": {func(d *defective, _ *conformance.Fixture) {
		d.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
			if len(leases) == 0 {
				return transport.HeartbeatReply{}, &transport.Refusal{Reason: messages.Malformed}
			}
			return s.Heartbeat(ctx, leases)
		}
	}, []string{"AHeartbeatWithoutLeasesIsASignOfLife"}},
	"beats cut short": {func(d *defective, _ *conformance.Fixture) {
		d.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
			return s.Heartbeat(ctx, leases[:min(len(leases), 1024)])
		}
	}, []string{"TheLargestHeartbeatIsAnswered", "ThousandsOfUnknownLeasesAreReported"}},
	"ends have no reason": {func(d *defective, _ *conformance.Fixture) {
		d.changeEnded(func(e *transport.Ended) { e.Reason = messages.Ended })
	}, []string{
		"AHeartbeatReportsWhichLeasesEndedAndWhy", "ARevokedLeaseIsReportedAsRevoked", "ALeaseThatNoHeartbeatNamesExpires",
		"OneClientDoesNotBeatTheLeaseOfAnother", "LeasesAreResumedAfterARestart",
	}},
	"anybody beats": {func(d *defective, _ *conformance.Fixture) {
		d.server.Tamper(func(_ transporttest.Call, reply *transporttest.Reply) { reply.Ended = nil })
	}, []string{"OneClientDoesNotBeatTheLeaseOfAnother"}},
	"one call at a time": {causeOneCallAtATime, []string{"ASessionServesManyCallsAtOnce"}},
	"slices changed": {func(d *defective, _ *conformance.Fixture) {
		d.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
			slices.Reverse(leases)
			return s.Heartbeat(ctx, leases)
		}
	}, []string{"TheSlicesOfACallStayTheCallers"}},
	"refusals in disguise": {causeDisguisedRefusals, []string{"ARefusalOfACallIsARefusal"}},
	"goroutine per session": {func(d *defective, _ *conformance.Fixture) {
		d.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
			go time.Sleep(time.Hour)
			return d.Transport.Connect(ctx, address)
		}
	}, []string{"NoGoroutineOutlivesClose"}},
	"contexts ignored":          {causeIgnoredContexts, []string{"AContextThatHasEndedIsHonoured", "ADeadlineIsHonouredWhileTheServerHangs"}},
	"contexts end with refusal": {causeRefusedContexts, []string{"AContextThatHasEndedIsHonoured", "ACancelIsHonouredWhileTheServerHangs"}},
	"close does nothing": {func(d *defective, _ *conformance.Fixture) {
		d.close = func(transport.Session) error { return nil }
	}, []string{"CloseEndsTheCallsUnderWay", "CallsAfterCloseFailAsNotReached"}},
	"close fails the second time": {causeSecondCloseFails, []string{"CloseMayBeCalledAgain"}},
	"close returns everything": {func(d *defective, _ *conformance.Fixture) {
		d.close = func(s transport.Session) error {
			d.endLeases(func(transporttest.Lease) bool { return true }, messages.Returned)
			return s.Close()
		}
	}, []string{"LeasesOutliveTheirSession"}},
	"sessions shared": {causeSharedSessions, []string{
		"ASecondConnectSupersedesTheFirst", "TwoAddressesOfAServerShareOneSession", "AWaitEndsWithItsSession",
	}},
	"one instance for all": {func(d *defective, _ *conformance.Fixture) {
		d.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
			return d.Transport.Connect(transport.WithClient(ctx, transport.Client{}), address)
		}
	}, []string{"TwoClientsDoNotSupersedeEachOther"}},
	"aliases are other servers": {func(d *defective, f *conformance.Fixture) {
		d.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
			if address == f.Alias {
				ctx = transport.WithClient(ctx, transport.Client{})
			}
			return d.Transport.Connect(ctx, address)
		}
	}, []string{"TwoAddressesOfAServerShareItsLeases", "TwoAddressesOfAServerShareOneSession"}},
	"restart as another server": {func(d *defective, f *conformance.Fixture) { f.Restart = d.server.Replace }, []string{"TheSameSessionReportsARestart"}},
	"restart forgets": {func(d *defective, f *conformance.Fixture) {
		f.Restart = d.server.Forget
	}, []string{"LeasesAreResumedAfterARestart", "RequestsAreKnownAfterARestart"}},
	"refuses when stopped": {func(d *defective, f *conformance.Fixture) {
		f.Stop = func() { d.server.Refuse(&transport.Refusal{Reason: messages.Draining}) }
	}, []string{"AServerThatStoppedIsNotReached"}},
}

// causeBatchAllOrNone refuses every take of a batch when one of them is refused.
func causeBatchAllOrNone(d *defective, _ *conformance.Fixture) {
	d.server.Tamper(func(_ transporttest.Call, reply *transporttest.Reply) {
		if slices.ContainsFunc(reply.Outcomes, func(o transport.Outcome) bool { return o.Result == transport.Refused }) {
			for i := range reply.Outcomes {
				reply.Outcomes[i].Result, reply.Outcomes[i].Reason = transport.Refused, messages.NoSeats
			}
		}
	})
}

// causeRememberedRefusals answers the repeat of a refused take with the same refusal.
func causeRememberedRefusals(d *defective, _ *conformance.Fixture) {
	refused := map[messages.RequestID]transport.Outcome{}
	d.changeOutcomes(func(o *transport.Outcome) {
		if before, ok := refused[o.Request]; ok {
			*o = before
		} else if o.Result == transport.Refused {
			refused[o.Request] = *o
		}
	})
}

// causeUnscopedRequests treats equal request ids of different clients as one request.
func causeUnscopedRequests(d *defective, _ *conformance.Fixture) {
	granted := map[messages.RequestID]transport.Outcome{}
	d.server.OnCall(func(call transporttest.Call) {
		for _, take := range call.Takes {
			d.endLeases(func(l transporttest.Lease) bool { return slices.Contains(take.Replaces, l.Request) }, messages.Replaced)
		}
	})
	d.changeOutcomes(func(o *transport.Outcome) {
		if before, ok := granted[o.Request]; ok {
			*o = before
		} else if o.Result == transport.Granted {
			granted[o.Request] = *o
		}
	})
}

// causeReplacedBeforeGranted returns what a take replaces even if the take is refused.
func causeReplacedBeforeGranted(d *defective, _ *conformance.Fixture) {
	d.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		for _, take := range takes {
			for _, request := range take.Replaces {
				_, _ = s.Checkin(ctx, []transport.Return{{Request: request}})
			}
		}
		return s.Checkout(ctx, takes)
	}
}

// causeStrictReturns refuses a Checkin that names a lease or request that is not held.
func causeStrictReturns(d *defective, _ *conformance.Fixture) {
	d.checkin = func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error) {
		for _, r := range returns {
			if !slices.ContainsFunc(d.server.Leases(), func(l transporttest.Lease) bool { return l.ID == r.Lease || l.Request == r.Request }) {
				return transport.CheckinReply{}, &transport.Refusal{Reason: messages.Unknown}
			}
		}
		return s.Checkin(ctx, returns)
	}
}

// causeOneCallAtATime fails a Checkout while another one is under way.
func causeOneCallAtATime(d *defective, _ *conformance.Fixture) {
	var busy sync.Mutex
	d.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		if !busy.TryLock() {
			return transport.CheckoutReply{}, errDefect
		}
		defer busy.Unlock()
		time.Sleep(time.Millisecond)
		return s.Checkout(ctx, takes)
	}
}

// causeDisguisedRefusals returns an error without a *Refusal when the server refuses.
func causeDisguisedRefusals(d *defective, _ *conformance.Fixture) {
	d.checkin = func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error) {
		reply, err := s.Checkin(ctx, returns)
		if transport.AsRefusal(err) != nil {
			err = errDefect
		}
		return reply, err
	}
}

// causeIgnoredContexts does not end a Heartbeat with its context.
func causeIgnoredContexts(d *defective, _ *conformance.Fixture) {
	d.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
		return s.Heartbeat(context.WithoutCancel(ctx), leases)
	}
}

// causeRefusedContexts returns a refusal when the context of a Heartbeat ends.
func causeRefusedContexts(d *defective, _ *conformance.Fixture) {
	d.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
		reply, err := s.Heartbeat(ctx, leases)
		if ctx.Err() != nil {
			err = &transport.Refusal{Reason: messages.Busy}
		}
		return reply, err
	}
}

// causeSecondCloseFails returns an error from the second Close of a session.
func causeSecondCloseFails(d *defective, _ *conformance.Fixture) {
	closed := map[transport.Session]bool{}
	d.close = func(s transport.Session) error {
		if closed[s] {
			return errDefect
		}
		closed[s] = true
		return s.Close()
	}
}

// causeSharedSessions returns the same session when a client connects again.
func causeSharedSessions(d *defective, _ *conformance.Fixture) {
	sessions := map[[16]byte]transport.Session{}
	d.close = func(transport.Session) error { return nil }
	d.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
		instance := transport.ClientFrom(ctx).Instance
		if s, ok := sessions[instance]; ok {
			return s, nil
		}
		s, err := d.Transport.Connect(ctx, address)
		sessions[instance] = s
		return s, err
	}
}
