//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/internal/failpoint"
)

// dieVar makes this test binary run as seatbeatd, with its command line, and kill itself at a failpoint: "put 17" means
// the 17th time that a commit reaches the failpoint "put". The program itself knows nothing of this.
const dieVar = "SEATBEAT_TEST_DIE"

func init() { // not in TestMain, which would build the program first
	where := os.Getenv(dieVar)
	if where == "" {
		return
	}
	var point string
	var left int
	if _, err := fmt.Sscan(where, &point, &left); err != nil {
		panic(err)
	}
	failpoint.Hit = func(step string) {
		switch {
		case step == point:
			if left--; left == 0 {
				die()
			}
		case step == "compacted" && point == "writing":
			if left--; left == 0 { // dies while pages are written and synced
				time.AfterFunc(rand.N(2*time.Millisecond), die)
			}
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the test ends
		die()
	}()
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// die kills this process, as kill -9 does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
