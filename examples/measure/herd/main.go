// Herd draws the load of a server by a herd of clients: 10,000 programs that lose the server together and get it back, and
// 10,000 programs that start at the same instant.
//
//	go -C examples/measure/herd run .
//
// It writes herd.svg into its folder, within some minutes. The simulation is a test of package supervisor in virtual time,
// which this program runs with so many clients. The program has a module of its own, so that the dependencies of the
// plotter are none of seatbeat.
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

// counts is the result of the simulation: calls to the server, for each second.
type counts struct {
	Clients int   `json:"clients"`
	Lost    []int `json:"lost"`
	Start   []int `json:"start"`
}

func main() {
	clients := flag.Int("clients", 10_000, "`number` of programs")
	out := flag.String("out", "herd.svg", "`file` to write the picture to")
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

// simulate runs the test. It fails if the herd does not spread its calls.
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
