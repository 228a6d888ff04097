package supervisor

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/seatbeat/seatbeat/transport"
)

// checkAddress returns nil for an address of the form "host:port", and otherwise an error that says what is wrong.
func checkAddress(a transport.Address) error {
	host, port, err := net.SplitHostPort(string(a))
	if err != nil {
		return fmt.Errorf("must be host:port: %w", err)
	}
	if host == "" {
		return errors.New("must be host:port: the host is missing")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("must be host:port: the port is %q, not 1 to 65535", port)
	}
	return nil
}

func indexed(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
