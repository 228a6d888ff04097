package hostcode_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/hostcode"
)

func TestACallReturnsWhatHostCodeReturns(t *testing.T) {
	g, fault := hostcode.New("the store", time.Second), errors.New("fault")
	n, err := hostcode.Call(t.Context(), g, func() (int, error) { return 7, fault }, nil)
	assert.Equal(t, 7, n)
	assert.Equal(t, fault, err)
}

func TestAPanicAndGoexitAreErrors(t *testing.T) {
	g := hostcode.New("the store", time.Second)
	_, err := hostcode.Call(t.Context(), g, func() (int, error) { panic("oops") }, nil)
	require.EqualError(t, err, "the store panicked: oops")
	_, err = hostcode.Call(t.Context(), g, func() (int, error) { runtime.Goexit(); return 0, nil }, nil)
	require.EqualError(t, err, "the store called runtime.Goexit")
}

func TestACallThatEndsSoonAfterItsContextIsNotAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		g := hostcode.New("the store", time.Second)
		n, err := hostcode.Call(ctx, g, func() (int, error) { time.Sleep(time.Minute + time.Second/2); return 7, nil }, nil)
		assert.Equal(t, 7, n)
		assert.NoError(t, err)
	})
}

func TestACallThatHangsIsAbandonedAndItsLateResultIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		g, began := hostcode.New("the store", time.Second), time.Now()
		free, late := make(chan struct{}), make(chan int, 1)
		_, err := hostcode.Call(ctx, g, func() (int, error) { <-free; return 7, nil }, func(n int) { late <- n })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "the store has not returned")
		assert.Equal(t, time.Minute+time.Second, time.Since(began))
		close(free)
		assert.Equal(t, 7, <-late)
	})
}

func TestCallsThatHangAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, free := hostcode.New("the store", 0), make(chan struct{})
		call := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := hostcode.Call(ctx, g, func() (int, error) { <-free; return 0, nil }, nil)
			return err
		}
		for range hostcode.MaxHanging {
			require.ErrorIs(t, call(), context.DeadlineExceeded)
		}
		began := time.Now()
		require.EqualError(t, call(), "the store hangs: 64 calls of it have not returned")
		assert.Zero(t, time.Since(began))
		close(free)
		synctest.Wait()
		assert.NoError(t, call(), "they have returned")
	})
}
