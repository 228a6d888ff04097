package transporttest

import (
	"testing"

	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

// Fixture is a transport and a live server for [Conformance].
//
// Deprecated: use [conformance.Fixture].
type Fixture = conformance.Fixture

// Conformance certifies a transport against a live server.
//
// Deprecated: use [conformance.Run].
func Conformance(t *testing.T, factory func(t *testing.T) Fixture) { conformance.Run(t, factory) }
