package mailbox

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

func TestDispatcherRunsEverythingOnAtMostLimitGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, tasks = 3, 1000
		var running, most, done atomic.Int64
		d := NewDispatcher(limit)
		for range tasks {
			d.Schedule(func() {
				if n := running.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Millisecond)
				running.Add(-1)
				done.Add(1)
			})
		}
		time.Sleep(time.Minute)
		assert.EqualValues(t, tasks, done.Load())
		assert.EqualValues(t, limit, most.Load())
	})
}

func TestDispatcherStartsInTheOrderOfScheduling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int // written by the only worker
		d := NewDispatcher(1)
		for i := range 100 {
			d.Schedule(func() { got = append(got, i) })
		}
		synctest.Wait()
		want := make([]int, 100)
		for i := range want {
			want[i] = i
		}
		assert.Equal(t, want, got)
	})
}

func TestDispatcherDefaultsToAllProcessorsAndAtLeastTwo(t *testing.T) {
	assert.Equal(t, max(2, runtime.GOMAXPROCS(0)), NewDispatcher(0).limit)
}

func TestDispatcherHasNoGoroutineWhenIdle(t *testing.T) {
	defer goleak.VerifyNone(t)
	d := NewDispatcher(4)
	var done sync.WaitGroup
	for range 1000 {
		done.Add(1)
		d.Schedule(done.Done)
	}
	done.Wait()
}

func TestDispatcherRunsWhatATaskSchedules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDispatcher(1)
		left := 1000
		var again func()
		again = func() {
			if left--; left > 0 {
				d.Schedule(again)
			}
		}
		d.Schedule(again)
		synctest.Wait()
		assert.Zero(t, left)
	})
}

func TestDispatcherKeepsItsWorkersWhenATaskCallsGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks = 100
		var done atomic.Int64
		d := NewDispatcher(2)
		for range tasks {
			d.Schedule(func() {
				done.Add(1)
				runtime.Goexit()
			})
		}
		synctest.Wait()
		assert.EqualValues(t, tasks, done.Load())
		assert.Zero(t, d.workers)
	})
}

func TestDispatcherTakesTasksFromManyGoroutines(t *testing.T) {
	defer goleak.VerifyNone(t)
	const senders, each = 8, 10_000
	var done sync.WaitGroup
	d := NewDispatcher(0)
	done.Add(senders * each)
	for range senders {
		go func() {
			for range each {
				d.Schedule(done.Done)
			}
		}()
	}
	done.Wait()
}

// The bench schedules as a lost server does: a task for each of a million actors, at once.
func BenchmarkDispatcherSchedulesAMillion(b *testing.B) {
	const tasks = 1_000_000
	var done sync.WaitGroup
	task := done.Done
	b.ReportAllocs()
	for b.Loop() {
		d := NewDispatcher(0)
		done.Add(tasks)
		for range tasks {
			d.Schedule(task)
		}
		done.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tasks, "ns/task")
}

// Close stopped the tree while a feature's last words were still on their way to it.
func TestDispatcherWaitsForWhatIsQueuedAndForWhatThatSchedules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDispatcher(2)
		var done atomic.Int64
		for range 10 {
			d.Schedule(func() {
				time.Sleep(time.Second)
				d.Schedule(func() {
					time.Sleep(time.Second)
					done.Add(1)
				})
			})
		}
		d.Wait()
		assert.EqualValues(t, 10, done.Load())
		d.Wait()
	})
}
