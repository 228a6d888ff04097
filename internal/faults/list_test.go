package faults_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
)

func TestAnEmptyListIsNoError(t *testing.T) {
	var list faults.List
	assert.NoError(t, list.Err())
}

func TestEveryFaultNamesItsField(t *testing.T) {
	var list faults.List
	list.Add("A", "is %d: must be %d", 1, 2)
	list.Add("B.C", "is missing")
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, list.Err(), &joined)
	assert.Equal(t, []error{
		&messages.FieldError{Field: "A", Problem: "is 1: must be 2"},
		&messages.FieldError{Field: "B.C", Problem: "is missing"},
	}, joined.Unwrap())
}

func TestADurationOutsideOfItsBoundsIsAFaultThatAsksForAForgottenUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30:                     "is 30ns: must be 1s to 24h0m0s; did you mean 30s?",
		1:                      "is 1ns: must be 1s to 24h0m0s; did you mean 1s?",
		86_400:                 "is 86.4µs: must be 1s to 24h0m0s; did you mean 24h0m0s?",
		120_000:                "is 120µs: must be 1s to 24h0m0s; did you mean 2m0s?", // in milliseconds
		500 * time.Millisecond: "is 500ms: must be 1s to 24h0m0s",
		-1:                     "is -1ns: must be 1s to 24h0m0s",
		0:                      "is 0s: must be 1s to 24h0m0s",
		25 * time.Hour:         "is 25h0m0s: must be 1s to 24h0m0s",
		1<<63 - 1:              "is 2562047h47m16.854775807s: must be 1s to 24h0m0s",
	} {
		var list faults.List
		list.AddDuration("D", d, time.Second, 24*time.Hour)
		assert.EqualError(t, list.Err(), "D "+want)
	}
	var list faults.List
	list.AddDuration("D", time.Second, time.Second, time.Minute)
	list.AddDuration("D", time.Minute, time.Second, time.Minute)
	list.AddOptionalDuration("D", 0, time.Second, time.Minute)
	require.NoError(t, list.Err())
	list.AddOptionalDuration("D", 5, time.Second, time.Minute)
	assert.EqualError(t, list.Err(), "D is 5ns: must be 0 (meaning the default), or 1s to 1m0s; did you mean 5s?")
}
