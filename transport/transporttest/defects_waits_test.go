package transporttest

import (
	"context"
	"maps"
	"time"

	"github.com/seatbeat/seatbeat/transport"
)

// defects are tried one by one: the suite has to notice each.
var defects = func() map[string]defect {
	all := maps.Clone(plainDefects)
	maps.Copy(all, waitDefects)
	return all
}()

// waitDefects are those of waiting in line.
var waitDefects = map[string]defect{
	"waits lost": {func(b *broken, _ *Fixture) {
		b.changeTakes(func(t *transport.Take) { t.Wait = 0 })
	}, []string{"WhoWaitsIsGrantedWhenSeatsComeBack"}},
	"a line nobody asked for": {func(b *broken, f *Fixture) {
		f.Waits = false
		b.changeTakes(func(t *transport.Take) { t.Wait = min(t.Wait, time.Millisecond) })
	}, []string{"AServerWithoutALineRefusesAtOnce"}},
	"polls instead of waiting": {causePolls, []string{"NobodyOvertakesTheLine"}},
	"retry-after lost": {func(b *broken, _ *Fixture) {
		b.changeOutcomes(func(o *transport.Outcome) { o.RetryAfter = 0 })
	}, []string{"AWaitThatIsOverKeepsItsPlace"}},
	"waits go on without the caller": {causeEndlessWaits, []string{"APlaceThatIsAbandonedIsDropped"}},
	"contexts of waits ignored": {func(b *broken, _ *Fixture) {
		b.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
			return s.Checkout(context.WithoutCancel(ctx), takes)
		}
	}, []string{"AWaitEndsWithItsContext"}},
	"batches taken apart": {causeBatchTakenApart, []string{"TheTakesOfABatchDoNotWait"}},
}

// causePolls asks again and again for seats, so that whoever comes when they are free is first.
func causePolls(b *broken, _ *Fixture) {
	b.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
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

// causeEndlessWaits waits for whoever has left.
func causeEndlessWaits(b *broken, _ *Fixture) {
	b.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
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

// causeBatchTakenApart makes a call for each take.
func causeBatchTakenApart(b *broken, _ *Fixture) {
	b.checkout = func(ctx context.Context, s transport.Session, takes []transport.Take) (transport.CheckoutReply, error) {
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
