package main

import (
	"fmt"
	"strings"
)

// row is one server in a picture.
type row struct {
	server string
	pools  []pool // nil for a server that is stopped
}

// draw returns a picture of who holds which seat: a line for each server, a block for each seat.
//
//	       cad      render
//	S1     [A] [ ]  [A] [A] [A] [ ]
//	S2     stopped
func draw(rows []row, colour bool) string {
	var b strings.Builder
	for _, r := range rows {
		if len(r.pools) > 0 {
			b.WriteString(paint(colour, faint, heading(r.pools)) + "\n")
			break
		}
	}
	for _, r := range rows {
		seats := paint(colour, red, "stopped")
		if len(r.pools) > 0 {
			seats = blocks(r.pools, colour)
		}
		fmt.Fprintf(&b, "    %s     %s\n", r.server, seats)
	}
	return b.String()
}

// heading names the features above their seats.
func heading(pools []pool) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", len("    S1     ")))
	for _, p := range pools {
		fmt.Fprintf(&b, "%-*s ", len("[A] ")*len(p.holders), p.feature)
	}
	return strings.TrimRight(b.String(), " ")
}

// blocks are the seats of one server.
func blocks(pools []pool, colour bool) string {
	var features []string
	for _, p := range pools {
		var seats []string
		for _, holder := range p.holders {
			seats = append(seats, block(holder, colour))
		}
		features = append(features, strings.Join(seats, " "))
	}
	return strings.Join(features, "  ")
}

// block is one seat.
func block(holder string, colour bool) string {
	switch {
	case holder == "":
		return paint(colour, faint, "[ ]")
	case !colour:
		return "[" + holder + "]"
	case holder == serviceA:
		return paint(colour, greenBlock, " "+holder+" ")
	default:
		return paint(colour, magentaBlock, " "+holder+" ")
	}
}
