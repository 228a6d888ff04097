package faults_test

import (
	"testing"

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
