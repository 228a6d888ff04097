package fifo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestQueueBehavesLikeASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var queue Queue[int]
		var model []int
		next := 0
		for _, step := range rapid.SliceOf(rapid.IntRange(-100, 100)).Draw(t, "push (+) or pop (-) so many") {
			for ; step > 0; step-- {
				queue.Push(next)
				model = append(model, next)
				next++
			}
			for ; step < 0; step++ {
				v, ok := queue.Pop()
				require.Equal(t, len(model) > 0, ok)
				if ok {
					require.Equal(t, model[0], v)
					model = model[1:]
				}
			}
			require.Equal(t, len(model), queue.Len())
		}
	})
}

func TestQueueKeepsItsOrderWhileItGrowsAndShrinks(t *testing.T) {
	var queue Queue[int]
	pushed, popped := 0, 0
	for _, size := range []int{10, 1000, 3, 40, 0} { // lengths to move to; each crosses from segment to segment
		for range 100 {
			queue.Push(pushed)
			pushed++
			v, _ := queue.Pop()
			require.Equal(t, popped, v)
			popped++
		}
		for ; queue.Len() < size; pushed++ {
			queue.Push(pushed)
		}
		for ; queue.Len() > size; popped++ {
			v, _ := queue.Pop()
			require.Equal(t, popped, v)
		}
	}
	assert.Equal(t, pushed, popped)
}

func TestQueueGivesItsMemoryBackAfterAFlood(t *testing.T) {
	var queue Queue[int]
	for i := range 1_000_000 {
		queue.Push(i)
	}
	for queue.Len() > 5 {
		queue.Pop()
	}
	segments := 0
	for _, list := range []*segment[int]{queue.first, queue.spare} {
		for p := list; p != nil; p = p.next {
			segments++
		}
	}
	assert.LessOrEqual(t, segments, maxSpare+2)
}

func TestQueueKeepsNoReferenceToWhatItGaveAway(t *testing.T) {
	var queue Queue[*int]
	for range segmentSize + 10 {
		queue.Push(new(int))
	}
	for queue.Len() > 0 {
		queue.Pop()
	}
	for _, p := range append(queue.first.elements[:], queue.spare.elements[:]...) {
		assert.Nil(t, p)
	}
}

// A ring that doubled and halved allocated all the time while its length went up and down.
func TestQueueAllocatesNothingWhileItsLengthGoesUpAndDown(t *testing.T) {
	var queue Queue[int]
	const length = segmentSize * maxSpare
	assert.Zero(t, testing.AllocsPerRun(10, func() { // after a first run that is not counted
		for i := range length {
			queue.Push(i)
		}
		for range length {
			queue.Pop()
		}
	}))
}

func BenchmarkQueuePushPop(b *testing.B) {
	var queue Queue[func()]
	fn := func() {}
	b.ReportAllocs()
	for b.Loop() {
		queue.Push(fn)
		queue.Pop()
	}
}
