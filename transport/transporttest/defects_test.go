package transporttest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

// defect is something that a transport or its server may get wrong, and the promises that it breaks.
type defect struct {
	cause  func(*broken, *Fixture)
	broken []string
}

var errDefect = errors.New("defect")

var plainDefects = map[string]defect{
	"identity changes": {func(b *broken, _ *Fixture) {
		b.server.Tamper(func(call Call, reply *Reply) {
			if call.Kind == Heartbeats {
				reply.Identity.Epoch++
			}
		})
	}, []string{"EveryReplyTellsWhoTheServerIs"}},
	"no version": {func(b *broken, _ *Fixture) {
		b.changeOutcomes(func(o *transport.Outcome) { o.Version = messages.Version{} })
	}, []string{"AGrantTellsLeaseAndVersion"}},
	"no local": {func(b *broken, _ *Fixture) {
		b.changeOutcomes(func(o *transport.Outcome) { o.Local = false })
	}, []string{"ALocalGrantIsMarked"}},
	"count lost": {func(b *broken, _ *Fixture) {
		b.changeTakes(func(t *transport.Take) { t.Count = 1 })
	}, []string{"SeatsAreGrantedAllOrNone"}},
	"version lost": {func(b *broken, _ *Fixture) {
		b.changeTakes(func(t *transport.Take) { t.Version = messages.Version{} })
	}, []string{"VersionsUpToTheServedOneAreGranted"}},
	"exact lost": {func(b *broken, _ *Fixture) {
		b.changeTakes(func(t *transport.Take) { t.Exact = false })
	}, []string{"AnExactVersionIsGrantedOnlyIfServed"}},
	"wrong reason": {func(b *broken, _ *Fixture) {
		b.changeOutcomes(func(o *transport.Outcome) {
			if o.Reason != messages.NoReason {
				o.Reason = messages.Denied
			}
		})
	}, []string{
		"AFeatureThatIsNotServedIsRefused", "ARepeatAfterTheLeaseEndedIsGone", "ARequestReturnedBeforeItArrivesIsNeverExecuted",
		"ARevokedLeaseIsNotReplaced", "WhatCanNeverBeGrantedDoesNotWait",
	}},
	"outcomes reversed": {func(b *broken, _ *Fixture) {
		b.server.Tamper(func(_ Call, reply *Reply) { slices.Reverse(reply.Outcomes) })
	}, []string{"TheTakesOfABatchAreIndependent", "TheLargestBatchIsAnsweredInOrder"}},
	"batch all or none": {causeBatchAllOrNone, []string{"TheTakesOfABatchAreIndependent"}},
	"request id changed": {func(b *broken, _ *Fixture) {
		b.changeTakes(func(t *transport.Take) { t.Request = newRequest() })
	}, []string{
		"ARepeatedRequestGetsTheSameLease", "ARequestRepeatedWithinABatchTakesOneSeat", "ConcurrentRepeatsTakeOneSeat",
		"ARepeatAfterTheLeaseEndedIsGone", "ALeaseIsReturnedByItsRequest", "TwoAddressesOfAServerShareItsLeases",
		"RequestsAreKnownAfterARestart", "LeasesOutliveTheirSession",
	}},
	"refusals remembered": {causeRememberedRefusals, []string{"ARefusedRequestMayBeRepeated"}},
	"requests not scoped": {causeUnscopedRequests, []string{
		"TwoClientsMayDrawTheSameRequest", "OneClientDoesNotReplaceTheLeaseOfAnother",
	}},
	"replaces lost": {func(b *broken, _ *Fixture) {
		b.changeTakes(func(t *transport.Take) { t.Replaces = nil })
	}, []string{
		"ReplacingFreesAndGrantsInOneStep", "SeatsThatAreReplacedTwiceCountOnce", "AReplacedRequestIsNeverExecuted",
		"ARevokedLeaseIsNotReplaced", "AHeartbeatTellsWhichLeasesEndedAndWhy", "WhatGivesBackWhatItTakesGoesAhead",
	}},
	"replaced before granted": {causeReplacedBeforeGranted, []string{"ARefusedReplacementChangesNothing"}},
	"returns lost": {func(b *broken, _ *Fixture) {
		b.checkin = func(ctx context.Context, s transport.Session, _ []transport.Return) (transport.CheckinReply, error) {
			return s.Checkin(ctx, []transport.Return{{}})
		}
	}, []string{
		"ALeaseIsReturnedByItsID", "ALeaseIsReturnedByItsRequest", "ARequestReturnedBeforeItArrivesIsNeverExecuted",
		"TheLargestBatchOfReturnsIsTaken", "AReturnedRequestLeavesTheLine",
	}},
	"strict returns": {causeStrictReturns, []string{"ReturningTwiceIsNoFault", "ReturningTheUnknownIsNoFault"}},
	"anybody returns": {func(b *broken, _ *Fixture) {
		b.checkin = func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error) {
			b.endsLeases(func(l Lease) bool {
				return slices.ContainsFunc(returns, func(r transport.Return) bool { return r.Lease == l.ID })
			}, messages.Returned)
			return s.Checkin(ctx, returns)
		}
	}, []string{"OneClientDoesNotReturnTheLeaseOfAnother"}},
	"empty beats refused": {func(b *broken, _ *Fixture) {
		b.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
			if len(leases) == 0 {
				return transport.HeartbeatReply{}, &transport.Refusal{Reason: messages.Malformed}
			}
			return s.Heartbeat(ctx, leases)
		}
	}, []string{"AHeartbeatWithoutLeasesIsASignOfLife"}},
	"beats cut short": {func(b *broken, _ *Fixture) {
		b.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
			return s.Heartbeat(ctx, leases[:min(len(leases), 1024)])
		}
	}, []string{"TheLargestHeartbeatIsAnswered", "UnknownLeasesAreToldByTheThousands"}},
	"ends have no reason": {func(b *broken, _ *Fixture) {
		b.changeEnded(func(e *transport.Ended) { e.Reason = messages.Ended })
	}, []string{
		"AHeartbeatTellsWhichLeasesEndedAndWhy", "ARevokedLeaseIsToldAsSuch", "ALeaseThatNoHeartbeatNamesExpires",
		"OneClientDoesNotBeatTheLeaseOfAnother", "LeasesAreResumedAfterARestart",
	}},
	"anybody beats": {func(b *broken, _ *Fixture) {
		b.server.Tamper(func(_ Call, reply *Reply) { reply.Ended = nil })
	}, []string{"OneClientDoesNotBeatTheLeaseOfAnother"}},
	"one call at a time": {causeOneCallAtATime, []string{"ASessionServesManyCallsAtOnce"}},
	"slices changed": {func(b *broken, _ *Fixture) {
		b.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
			slices.Reverse(leases)
			return s.Heartbeat(ctx, leases)
		}
	}, []string{"TheSlicesOfACallStayTheCallers"}},
	"refusals in disguise": {causeDisguisedRefusals, []string{"ARefusalOfACallIsARefusal"}},
	"goroutine per session": {func(b *broken, _ *Fixture) {
		b.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
			go time.Sleep(time.Hour)
			return b.Transport.Connect(ctx, address)
		}
	}, []string{"NoGoroutineOutlivesClose"}},
	"contexts ignored":          {causeIgnoredContexts, []string{"AContextThatHasEndedIsHonoured", "ADeadlineIsHonouredWhileTheServerHangs"}},
	"contexts end with refusal": {causeRefusedContexts, []string{"AContextThatHasEndedIsHonoured", "ACancelIsHonouredWhileTheServerHangs"}},
	"close does nothing": {func(b *broken, _ *Fixture) {
		b.close = func(transport.Session) error { return nil }
	}, []string{"CloseEndsTheCallsUnderWay", "CallsAfterCloseFailAsNotReached"}},
	"close fails the second time": {causeSecondCloseFails, []string{"CloseMayBeCalledAgain"}},
	"close returns everything": {func(b *broken, _ *Fixture) {
		b.close = func(s transport.Session) error {
			b.endsLeases(func(Lease) bool { return true }, messages.Returned)
			return s.Close()
		}
	}, []string{"LeasesOutliveTheirSession"}},
	"sessions shared": {causeSharedSessions, []string{
		"ASecondConnectSupersedesTheFirst", "TwoAddressesOfAServerShareOneSession", "AWaitEndsWithItsSession",
	}},
	"one instance for all": {func(b *broken, _ *Fixture) {
		b.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
			return b.Transport.Connect(transport.WithClient(ctx, transport.Client{}), address)
		}
	}, []string{"TwoClientsDoNotSupersedeEachOther"}},
	"aliases are other servers": {func(b *broken, f *Fixture) {
		b.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
			if address == f.Alias {
				ctx = transport.WithClient(ctx, transport.Client{})
			}
			return b.Transport.Connect(ctx, address)
		}
	}, []string{"TwoAddressesOfAServerShareItsLeases", "TwoAddressesOfAServerShareOneSession"}},
	"restart as another server": {func(b *broken, f *Fixture) { f.Restart = b.server.Replace }, []string{"ARestartIsToldByTheSameSession"}},
	"restart forgets": {func(b *broken, f *Fixture) {
		f.Restart = b.server.Forget
	}, []string{"LeasesAreResumedAfterARestart", "RequestsAreKnownAfterARestart"}},
	"refuses when stopped": {func(b *broken, f *Fixture) {
		f.Stop = func() { b.server.Refuse(&transport.Refusal{Reason: messages.Draining}) }
	}, []string{"AServerThatStoppedIsNotReached"}},
}

// causeBatchAllOrNone refuses every take of a batch of which one is refused.
func causeBatchAllOrNone(b *broken, _ *Fixture) {
	b.server.Tamper(func(_ Call, reply *Reply) {
		if slices.ContainsFunc(reply.Outcomes, func(o transport.Outcome) bool { return o.Result == transport.Refused }) {
			for i := range reply.Outcomes {
				reply.Outcomes[i].Result, reply.Outcomes[i].Reason = transport.Refused, messages.NoSeats
			}
		}
	})
}

// causeRememberedRefusals answers the repeat of a refused take with the same refusal.
func causeRememberedRefusals(b *broken, _ *Fixture) {
	refused := map[messages.RequestID]transport.Outcome{}
	b.changeOutcomes(func(o *transport.Outcome) {
		if before, ok := refused[o.Request]; ok {
			*o = before
		} else if o.Result == transport.Refused {
			refused[o.Request] = *o
		}
	})
}

// causeUnscopedRequests mixes up the requests of all clients.
func causeUnscopedRequests(b *broken, _ *Fixture) {
	granted := map[messages.RequestID]transport.Outcome{}
	b.server.OnCall(func(call Call) {
		for _, take := range call.Takes {
			b.endsLeases(func(l Lease) bool { return slices.Contains(take.Replaces, l.Request) }, messages.Replaced)
		}
	})
	b.changeOutcomes(func(o *transport.Outcome) {
		if before, ok := granted[o.Request]; ok {
			*o = before
		} else if o.Result == transport.Granted {
			granted[o.Request] = *o
		}
	})
}

// causeReplacedBeforeGranted gives up what is replaced whether the take is granted or not.
func causeReplacedBeforeGranted(b *broken, _ *Fixture) {
	b.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		for _, take := range takes {
			for _, request := range take.Replaces {
				_, _ = s.Checkin(ctx, []transport.Return{{Request: request}})
			}
		}
		return s.Checkout(ctx, takes)
	}
}

// causeStrictReturns refuses to take back what is not held.
func causeStrictReturns(b *broken, _ *Fixture) {
	b.checkin = func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error) {
		for _, r := range returns {
			if !slices.ContainsFunc(b.server.Leases(), func(l Lease) bool { return l.ID == r.Lease || l.Request == r.Request }) {
				return transport.CheckinReply{}, &transport.Refusal{Reason: messages.Unknown}
			}
		}
		return s.Checkin(ctx, returns)
	}
}

// causeOneCallAtATime fails calls while another one is under way.
func causeOneCallAtATime(b *broken, _ *Fixture) {
	var busy sync.Mutex
	b.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		if !busy.TryLock() {
			return transport.CheckoutReply{}, errDefect
		}
		defer busy.Unlock()
		time.Sleep(time.Millisecond)
		return s.Checkout(ctx, takes)
	}
}

// causeDisguisedRefusals hides refusals behind other errors.
func causeDisguisedRefusals(b *broken, _ *Fixture) {
	b.checkin = func(ctx context.Context, s transport.Session, returns []transport.Return) (transport.CheckinReply, error) {
		reply, err := s.Checkin(ctx, returns)
		if transport.AsRefusal(err) != nil {
			err = errDefect
		}
		return reply, err
	}
}

func causeIgnoredContexts(b *broken, _ *Fixture) {
	b.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
		return s.Heartbeat(context.WithoutCancel(ctx), leases)
	}
}

// causeRefusedContexts takes the end of a context for a refusal.
func causeRefusedContexts(b *broken, _ *Fixture) {
	b.heartbeat = func(ctx context.Context, s transport.Session, leases []messages.LeaseID) (transport.HeartbeatReply, error) {
		reply, err := s.Heartbeat(ctx, leases)
		if ctx.Err() != nil {
			err = &transport.Refusal{Reason: messages.Busy}
		}
		return reply, err
	}
}

func causeSecondCloseFails(b *broken, _ *Fixture) {
	closed := map[transport.Session]bool{}
	b.close = func(s transport.Session) error {
		if closed[s] {
			return errDefect
		}
		closed[s] = true
		return s.Close()
	}
}

// causeSharedSessions lets a client that connects again go on with the session that it has.
func causeSharedSessions(b *broken, _ *Fixture) {
	sessions := map[[16]byte]transport.Session{}
	b.close = func(transport.Session) error { return nil }
	b.connect = func(ctx context.Context, address transport.Address) (transport.Session, error) {
		instance := transport.ClientFrom(ctx).Instance
		if s, ok := sessions[instance]; ok {
			return s, nil
		}
		s, err := b.Transport.Connect(ctx, address)
		sessions[instance] = s
		return s, err
	}
}
