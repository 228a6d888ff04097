package outage

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
)

// noon is when second 0 of the outages in these tests is.
var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

func second(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

func restartTo(boot string, down, up int) messages.Outage {
	return messages.Outage{BootID: boot, Restart: true, Down: second(down), Up: second(up)}
}

// breakOf is an outage without a restart.
func breakOf(down, up int) messages.Outage {
	return messages.Outage{BootID: "b0", Down: second(down), Up: second(up)}
}

func recordOf(outages ...messages.Outage) messages.OutageRecord {
	return messages.OutageRecord{Outages: outages}
}

// mergedAt merges at a second, with a window of 1,000 seconds.
func mergedAt(now int, a, b messages.OutageRecord) messages.OutageRecord {
	return Merge(a, b, second(now), 1000*time.Second)
}

func TestMerge(t *testing.T) {
	type outages = []messages.Outage
	for name, c := range map[string]struct{ a, b, want outages }{ // at second 500
		"different restarts stay apart":    {outages{restartTo("b1", 10, 20)}, outages{restartTo("b2", 30, 40)}, outages{restartTo("b1", 10, 20), restartTo("b2", 30, 40)}},
		"even when their spans overlap":    {outages{restartTo("b1", 10, 20)}, outages{restartTo("b2", 5, 40)}, outages{restartTo("b1", 10, 20), restartTo("b2", 5, 40)}},
		"one restart is one":               {outages{restartTo("b1", 10, 20)}, outages{restartTo("b1", 12, 18)}, outages{restartTo("b1", 10, 18)}},
		"with or without failed beats":     {outages{restartTo("b1", 10, 20)}, outages{restartTo("b1", 19, 19)}, outages{restartTo("b1", 10, 19)}},
		"and not delayed by who sees late": {outages{restartTo("b1", 10, 20)}, outages{restartTo("b1", 400, 400)}, outages{restartTo("b1", 10, 20)}},
		"breaks apart are two":             {outages{breakOf(10, 20)}, outages{breakOf(21, 30)}, outages{breakOf(10, 20), breakOf(21, 30)}},
		"breaks that overlap are one":      {outages{breakOf(10, 20)}, outages{breakOf(15, 30)}, outages{breakOf(10, 30)}},
		"and so are those that touch":      {outages{breakOf(10, 20)}, outages{breakOf(20, 30)}, outages{breakOf(10, 30)}},
		"and those that another links":     {outages{breakOf(10, 20), breakOf(25, 30)}, outages{breakOf(18, 26)}, outages{breakOf(10, 30)}},
		"a break is part of a restart":     {outages{breakOf(5, 15)}, outages{restartTo("b1", 10, 20)}, outages{restartTo("b1", 5, 20)}},
		"and does not make it later":       {outages{breakOf(15, 300)}, outages{restartTo("b1", 10, 20)}, outages{restartTo("b1", 10, 20)}},
		"and is part of each it overlaps":  {outages{breakOf(15, 35)}, outages{restartTo("b1", 10, 20), restartTo("b2", 30, 40)}, outages{restartTo("b1", 10, 20), restartTo("b2", 15, 40)}},
		"all at once":                      {outages{breakOf(1, 6), restartTo("b1", 9, 20)}, outages{breakOf(5, 9), breakOf(21, 22)}, outages{restartTo("b1", 1, 20), breakOf(21, 22)}},
		"the order is that of Up":          {outages{restartTo("b2", 1, 40)}, outages{breakOf(41, 45), restartTo("b1", 2, 30)}, outages{restartTo("b1", 2, 30), restartTo("b2", 1, 40), breakOf(41, 45)}},
		"the future becomes now":           {outages{restartTo("b1", 10, 900)}, outages{breakOf(600, 900)}, outages{restartTo("b1", 10, 500)}},
		"down after up becomes up":         {outages{restartTo("b1", 30, 20)}, nil, outages{restartTo("b1", 20, 20)}},
		"nothing comes of nothing":         {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, recordOf(c.want...), mergedAt(500, recordOf(c.a...), recordOf(c.b...)))
			assert.Equal(t, recordOf(c.want...), mergedAt(500, recordOf(c.b...), recordOf(c.a...)), "the other way round")
		})
	}
}

func TestMergeKeepsTheLaterIncarnationOfTheTwoBreaksItMakesOne(t *testing.T) {
	before, after := breakOf(10, 20), breakOf(15, 30)
	before.BootID, after.BootID = "b7", "b4"
	merged := mergedAt(500, recordOf(before), recordOf(after))
	assert.Equal(t, "b4", merged.Outages[0].BootID)
}

func TestMergeLetsTheWindowGoOfWhatHasLeftIt(t *testing.T) {
	seen := recordOf(restartTo("b1", 10, 20), breakOf(21, 30), restartTo("b2", 31, 40))
	for now, want := range map[int]int{1019: 3, 1020: 2, 1029: 2, 1030: 1, 1039: 1, 1040: 0} {
		assert.Len(t, mergedAt(now, seen, messages.OutageRecord{}).Outages, want, "at second %d", now)
	}
}

// A process that has not talked to a server for hours finds that it restarted, which was counted long ago.
func TestMergeLeavesAnOldRestartOldWhoeverLearnsOfItLate(t *testing.T) {
	store := recordOf(restartTo("b1", 10, 20))
	assert.Empty(t, mergedAt(5000, store, recordOf(restartTo("b1", 5000, 5000))).Outages)
}

// A break that is still in the window must not leave it with a restart that was part of it.
func TestMergeDoesNotLoseABreakToARestartThatHasLeftTheWindow(t *testing.T) {
	seen := recordOf(restartTo("b1", 10, 20), breakOf(15, 300))
	assert.Equal(t, recordOf(breakOf(15, 300)), mergedAt(1100, seen, messages.OutageRecord{}))
}

func TestMergeKeepsTheNewest(t *testing.T) {
	var a, b messages.OutageRecord
	for n := range MaxKept {
		a.Outages = append(a.Outages, restartTo(fmt.Sprint("a", n), n, n))
		b.Outages = append(b.Outages, restartTo(fmt.Sprint("b", n), n, n))
	}
	merged := Merge(a, b, second(MaxKept), time.Hour)
	assert.Len(t, merged.Outages, MaxKept)
	assert.Equal(t, second(MaxKept/2), merged.Outages[0].Up)
	assert.Equal(t, second(MaxKept-1), merged.Outages[MaxKept-1].Up)
}

func TestMergeTellsWhichIncarnationWasLast(t *testing.T) {
	incarnation := func(boot string, epoch uint64) messages.Identity {
		return messages.Identity{ServerID: "S1", BootID: boot, Epoch: epoch}
	}
	none := messages.Identity{}
	up := func(last messages.Identity, at int) messages.OutageRecord {
		return messages.OutageRecord{Last: last, Outages: []messages.Outage{restartTo(last.BootID, at, at)}}
	}
	twice := up(incarnation("b2", 1), 40)
	twice.Outages = append(twice.Outages, breakOf(1, 2))
	twice.Outages[1].BootID = "b2"
	only := func(last messages.Identity) messages.OutageRecord { return messages.OutageRecord{Last: last} }
	for name, c := range map[string]struct {
		a, b messages.OutageRecord
		want messages.Identity
	}{
		"any rather than none":              {only(incarnation("b1", 0)), only(none), incarnation("b1", 0)},
		"none rather than any":              {only(none), only(incarnation("b1", 0)), incarnation("b1", 0)},
		"none":                              {only(none), only(none), none},
		"the higher epoch first":            {only(incarnation("b2", 2)), only(incarnation("b1", 1)), incarnation("b2", 2)},
		"the higher epoch second":           {only(incarnation("b1", 1)), only(incarnation("b2", 2)), incarnation("b2", 2)},
		"the epoch counts more than a time": {up(incarnation("b2", 2), 10), up(incarnation("b1", 1), 20), incarnation("b2", 2)},
		"equal epochs, the first was later": {up(incarnation("b2", 1), 20), up(incarnation("b1", 1), 10), incarnation("b2", 1)},
		"equal epochs, the second is later": {up(incarnation("b2", 1), 10), up(incarnation("b1", 1), 20), incarnation("b1", 1)},
		"equal epochs, the latest counts":   {twice, up(incarnation("b1", 1), 30), incarnation("b2", 1)},
		"equal epochs, no times":            {only(incarnation("b2", 1)), only(incarnation("b1", 1)), incarnation("b1", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, mergedAt(500, c.a, c.b).Last)
		})
	}
}

func TestMergeChangesNeitherArgument(t *testing.T) {
	view := func() messages.OutageRecord {
		outages := []messages.Outage{restartTo("b2", 30, 20), breakOf(5, 900), restartTo("b1", 1, 2), restartTo("b9", 0, 0)}
		return recordOf(outages[:3]...) // with room for a fourth
	}
	a, b := view(), recordOf(restartTo("b1", 0, 1), breakOf(3, 4))
	mergedAt(500, a, messages.OutageRecord{})
	mergedAt(500, messages.OutageRecord{}, a)
	mergedAt(500, a, b)
	assert.Equal(t, view(), a)
	assert.Equal(t, view().Outages[:4], a.Outages[:4])
	assert.Equal(t, recordOf(restartTo("b1", 0, 1), breakOf(3, 4)), b)
}

// The times of a record that was read from a file, and those of the process, compare equal.
func TestMergeBringsTimesIntoOneForm(t *testing.T) {
	local := time.FixedZone("elsewhere", 3600)
	o := restartTo("b1", 10, 900)
	o.Down, o.Up = o.Down.In(local), o.Up.In(local)
	merged := Merge(recordOf(o), messages.OutageRecord{}, second(500).In(local), time.Hour)
	assert.Equal(t, recordOf(restartTo("b1", 10, 500)), merged)
}
