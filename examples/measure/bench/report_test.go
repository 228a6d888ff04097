package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made is a table of two contenders, with figures that are easy to check.
func made() *table {
	p := fullRun
	p.sizes, p.contenders = []int{10, 1_000}, []string{seatbeatName, byHandName}
	return &table{plan: p, Command: "go run .", left: []string{"etcd with 10 features: no"}, values: map[cell]map[string][]float64{
		{seatbeatName, 10}:    {"heap_per_feature": {500, 100, 200}},
		{seatbeatName, 1_000}: {"heap_per_feature": {50}},
		{byHandName, 10}:      {"heap_per_feature": {1000, 3000}},
	}}
}

func TestRowsHaveMedianAndRange(t *testing.T) {
	assert.Equal(t, []row{
		{seatbeatName, 10, "heap_per_feature", "B", 200, 100, 500},
		{seatbeatName, 1_000, "heap_per_feature", "B", 50, 50, 50},
		{byHandName, 10, "heap_per_feature", "B", 2000, 1000, 3000},
	}, made().rows())
}

func TestTableWithoutFiguresIsAnEmptyArray(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, (&table{}).json(&out))
	assert.Equal(t, "[]\n", out.String())
}

func TestMarkdownHasRangeRatioAndGrowth(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, made().markdown(&out))
	_, text, _ := strings.Cut(out.String(), "**heap_per_feature**")
	text, _, _ = strings.Cut(text, "\n\n**")
	assert.Equal(t, `, B: heap and stack of the client (spread of its ratios: a factor of 1.20)

| | 10 | 1,000 | growth |
| --- | ---: | ---: | ---: |
| seatbeat | 200, 100 to 500 | 50.0, 50.0 to 50.0 | ×0.250 |
| by-hand | 2,000, 1,000 to 3,000 (×10.0) | – | – |`, text)
	assert.Contains(t, out.String(), "- Left out: etcd with 10 features: no.\n")
	assert.Contains(t, out.String(), "by `go run .`")
}

func TestFiguresHaveThreeSignificantDigits(t *testing.T) {
	for want, v := range map[string]float64{
		"0": 0, "0.000123": 0.0001234, "0.120": 0.12, "1.23": 1.234, "12.3": 12.34, "123": 123.4, "1,234,567": 1_234_567, "-1,234": -1234,
	} {
		assert.Equal(t, want, short(v))
	}
}
