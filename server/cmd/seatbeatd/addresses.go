package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listenError explains why the address of a flag cannot be listened on.
func listenError(flag, address string, err error) error {
	advice := "must be HOST:PORT, with an address of this machine"
	if errors.Is(err, syscall.EADDRINUSE) {
		advice = "stop the other program, perhaps another seatbeatd, or choose another port"
	} else if errors.Is(err, syscall.EACCES) {
		advice = "choose a port above 1023"
	}
	return fmt.Errorf("%s %s: %w: %s", flag, address, err, advice)
}

// isLoopback reports whether an address accepts connections from this machine only. It looks names up as a listener does.
func isLoopback(address string) (bool, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return false, fmt.Errorf("%s: %w; must be HOST:PORT", address, err)
	}
	return tcp.IP != nil && tcp.IP.IsLoopback(), nil
}
