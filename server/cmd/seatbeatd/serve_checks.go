package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/seatbeat/seatbeat/server"
)

// bounds returns nil, or the first flag whose value is out of bounds.
func (c serveCommand) bounds() error {
	for _, n := range []struct {
		flag  string
		value int
	}{
		{"--source-connections", c.SourceConnections}, {"--waiting", c.Waiting}, {"--client-waiting", c.ClientWaiting},
	} {
		if n.value < 1 || n.value > server.MaxLimit {
			return wrong("%s is %d: expected is 1 to %d", n.flag, n.value, server.MaxLimit)
		}
	}
	if t := c.ClientTimeout; t < server.MinClientTimeout || t > server.MaxClientTimeout || t%time.Millisecond != 0 {
		return wrong("--client-timeout is %s: expected is %s to %s, in whole milliseconds", t, server.MinClientTimeout, server.MaxClientTimeout)
	}
	if c.Drain < 0 || c.Drain > time.Minute {
		return wrong("--drain is %s: expected is 0s to 1m", c.Drain)
	}
	return nil
}

// usableLedger returns nil, or what keeps a path from being that of a ledger before the ledger itself is looked at.
func usableLedger(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return wrong("--ledger %s: is a folder: name the file in it that keeps who holds which seats", path)
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return wrong("--ledger %s: there is no folder %s: make it, or name a file in another one", path, folder)
	}
	return nil
}

// admitsInsecure refuses to serve other machines without TLS unless they are meant.
func (c serveCommand) admitsInsecure() error {
	if loopback, err := isLoopback(c.Listen); err == nil && !loopback && !c.InsecureRemote {
		return wrong("--listen %s: without TLS only this machine is served: use 127.0.0.1:PORT, or TLS, or add --insecure-remote", c.Listen)
	}
	return nil
}

// cannotListen says what to do when the address of a flag is not to be had.
func cannotListen(flag, address string, err error) error {
	advice := "expected is HOST:PORT, of this machine"
	if errors.Is(err, syscall.EADDRINUSE) {
		advice = "another program, or another seatbeatd, is there: stop it, or choose another port"
	} else if errors.Is(err, syscall.EACCES) {
		advice = "choose a port from 1024 on"
	}
	return fmt.Errorf("%s %s: %w: %s", flag, address, err, advice)
}

// isLoopback reports whether an address is one of this machine only. A name is looked up as a listener would.
func isLoopback(address string) (bool, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return false, fmt.Errorf("%s: %w; expected is host:port", address, err)
	}
	return tcp.IP != nil && tcp.IP.IsLoopback(), nil
}
