// Command herd draws what a herd of clients does to its server: 10,000 programs that lose it together and get it back, and
// 10,000 that start in the same instant. The simulation is a test of package supervisor, in virtual time, which this
// program runs with so many clients; it takes some minutes. It has a module of its own, so that the plotter's dependencies
// stay out of seatbeat's.
//
//	cd examples/measure/herd && go run .
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// counts is what the simulation writes: calls to the server in buckets of a second.
type counts struct {
	Clients int   `json:"clients"`
	Lost    []int `json:"lost"`
	Start   []int `json:"start"`
}

func main() {
	clients := flag.Int("clients", 10_000, "number of `programs`")
	out := flag.String("out", "herd.svg", "the picture, a `file`")
	module := flag.String("module", filepath.Join("..", "..", ".."), "the `folder` of seatbeat's module")
	flag.Parse()
	if err := run(*module, *clients, *out); err != nil {
		fmt.Fprintln(os.Stderr, "herd:", err)
		os.Exit(1)
	}
}

func run(module string, clients int, out string) error {
	c, err := simulate(module, clients)
	if err != nil {
		return err
	}
	return draw(c, out)
}

// simulate runs the test, which also says whether the herd behaves.
func simulate(module string, clients int) (c counts, err error) {
	dir, err := os.MkdirTemp("", "herd")
	if err != nil {
		return c, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "counts.json")
	test := exec.Command("go", "test", "-count=1", "-v", "-timeout=30m", "-run", "^TestAHerd", "./supervisor")
	test.Dir, test.Stdout, test.Stderr = module, os.Stderr, os.Stderr
	test.Env = append(os.Environ(), "SEATBEAT_HERD="+strconv.Itoa(clients), "SEATBEAT_HERD_OUT="+file)
	if err := test.Run(); err != nil {
		return c, fmt.Errorf("simulate: %w", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(text, &c)
}
