package conformance_test

import (
	"context"
	"maps"
	"time"

	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

// defects are all defects by name. The suite must notice each of them.
var defects = func() map[string]defect {
	all := maps.Clone(plainDefects)
	maps.Copy(all, queueDefects)
	return all
}()

// queueDefects are the defects of waiting in the queue.
var queueDefects = map[string]defect{
	"waits lost": {func(d *defective, _ *conformance.Fixture) {
		d.changeTakes(func(t *transport.Take) { t.Wait = 0 })
	}, []string{"WhoWaitsIsGrantedWhenSeatsComeBack"}},
	"an unexpected queue": {func(d *defective, f *conformance.Fixture) {
		f.Waits = false
		d.changeTakes(func(t *transport.Take) { t.Wait = min(t.Wait, time.Millisecond) })
	}, []string{"AServerWithoutAQueueRefusesAtOnce"}},
	"polls instead of waiting": {causePolls, []string{"NobodyOvertakesTheQueue"}},
	"retry-after lost": {func(d *defective, _ *conformance.Fixture) {
		d.changeOutcomes(func(o *transport.Outcome) { o.RetryAfter = 0 })
	}, []string{"AWaitThatIsOverKeepsItsPlace"}},
	"waits go on without the caller": {causeEndlessWaits, []string{"AnAbandonedPlaceIsDropped"}},
	"contexts of waits ignored": {func(d *defective, _ *conformance.Fixture) {
		d.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
			return s.Checkout(context.WithoutCancel(ctx), takes)
		}
	}, []string{"AWaitEndsWithItsContext"}},
	"batches taken apart": {causeBatchTakenApart, []string{"TheTakesOfABatchDoNotWait"}},
}

// causePolls repeats a take instead of queueing it, so that whoever happens to come first gets the seats.
func causePolls(d *defective, _ *conformance.Fixture) {
	d.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		take := takes[0]
		waits := take.Wait > 0
		take.Wait = 0
		for {
			reply, err := s.Checkout(ctx, []transport.Take{take})
			if err != nil || !waits || reply.Outcomes[0].Result != transport.Refused {
				return reply, err
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// causeEndlessWaits goes on waiting in the queue for a caller whose context has ended.
func causeEndlessWaits(d *defective, _ *conformance.Fixture) {
	d.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		reply, err := s.Checkout(ctx, takes)
		if takes[0].Wait > 0 && ctx.Err() != nil {
			go func() {
				for err := error(nil); err == nil; {
					_, err = s.Checkout(context.WithoutCancel(ctx), takes)
				}
			}()
		}
		return reply, err
	}
}

// causeBatchTakenApart makes a call for each take of a batch.
func causeBatchTakenApart(d *defective, _ *conformance.Fixture) {
	d.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
		var all transport.CheckoutReply
		for _, take := range takes {
			take.Wait = min(take.Wait, time.Millisecond)
			reply, err := s.Checkout(ctx, []transport.Take{take})
			if err != nil {
				return reply, err
			}
			all.Hello = reply.Hello
			all.Outcomes = append(all.Outcomes, reply.Outcomes...)
		}
		return all, nil
	}
}
