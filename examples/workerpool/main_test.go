package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// bench is a pool at work in virtual time, with one licence server that has one seat.
type bench struct {
	server *transporttest.Server
	jobs   chan int
	done   atomic.Int64 // jobs
	ended  chan error   // receives the result of run
}

// atWork runs a test while a pool does jobs that take a second each.
func atWork(t *testing.T, jobs int, test func(t *testing.T, b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		b := &bench{
			server: network.AddServer("127.0.0.1:6200", map[string]int{"render": 1}),
			jobs:   make(chan int, jobs), ended: make(chan error, 1),
		}
		for job := range jobs {
			b.jobs <- job
		}
		close(b.jobs)
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			defer close(b.ended)
			b.ended <- run(ctx, network, &pool{jobs: b.jobs, do: func(int) {
				time.Sleep(time.Second)
				b.done.Add(1)
			}})
		}()
		defer func() {
			stop()
			<-b.ended
		}()
		test(t, b)
	})
}

// pass lets virtual time pass, and waits until every goroutine is blocked.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestThePoolEndsWithItsJobsAndGivesTheSeatBack(t *testing.T) {
	atWork(t, 40, func(t *testing.T, b *bench) {
		began := time.Now()
		require.NoError(t, <-b.ended)
		assert.Equal(t, 10*time.Second, time.Since(began).Round(time.Second), "four workers")
		assert.EqualValues(t, 40, b.done.Load())
		assert.Zero(t, b.server.Held("render"))
	})
}

func TestNoJobIsTakenWithoutALicense(t *testing.T) {
	atWork(t, 4000, func(t *testing.T, b *bench) {
		pass(time.Minute)
		b.server.SetSeats("render", 0)
		b.server.RevokeFeature("render")
		pass(time.Minute) // until the next heartbeat
		done := b.done.Load()
		pass(time.Hour)
		require.Equal(t, done, b.done.Load())

		b.server.SetSeats("render", 1)
		pass(time.Minute)
		assert.Greater(t, b.done.Load(), done+100, "the pool works again")
	})
}

func TestThePoolGoesOnAfterAllServersWereGone(t *testing.T) {
	atWork(t, 4000, func(t *testing.T, b *bench) {
		pass(time.Minute)
		b.server.Down()
		pass(time.Hour)
		done := b.done.Load()
		require.Less(t, done, int64(4*4*60), "the pool stopped after three failed heartbeats")
		b.server.Restart()
		require.NoError(t, <-b.ended)
		assert.EqualValues(t, 4000, b.done.Load())
	})
}
