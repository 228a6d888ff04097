package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/certflags"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

const help = `load measures what a licence server carries.

  go run ./examples/measure/load                                  a server of its own: ledger in a file, mutual TLS
  go run ./examples/measure/load -held 1000000 -duration 30s      the same with a million leases held meanwhile
  go run ./examples/measure/load -servers lic1:6200 -feature cad:2.1 -ca ca.pem -cert me.pem -key me.key

It holds -held leases, lets -callers take seats one by one and return them later, renews the held leases as fast as it
can, gives everything back and prints a table. Progress goes to standard error.

Flags:
  -callers n               how many take seats at the same time, 128 when left out
  -clients n               clients, each with a connection of its own, that the callers belong to; 1 when left out
  -held n                  leases held meanwhile, and renewed in time; 0 when left out: then renewing is not measured
  -duration d              how long each of the two measurements lasts, 10s when left out
  -json                    print the figures as JSON
  -ledger file             where the server of its own keeps its ledger; a new file that is removed when left out
  -servers host:port,...   servers that are running; the clients are spread over them
  -feature name:version    what to take there; 1.0 is the version when left out
  -ca, -cert, -key file    PEM files: the authority of the servers, and who you are
  -insecure                the servers are without TLS
  -help                    this text

A server with limits for each client asks callers to wait when they meet one; the waiting counts as part of a checkout.

Status: 0 measured, 1 not, 2 the flags are wrong.
`

// Bounds of the flags.
const (
	maxCallers  = 10_000
	maxClients  = 1_000
	maxHeld     = 4_000_000
	maxDuration = time.Hour
)

// options are what the command line says.
type options struct {
	callers, clients, held int
	duration               time.Duration
	json                   bool
	ledger                 string

	own           bool // a server of its own is to be started
	servers       []transport.Address
	feature       string
	version       messages.Version
	ca, cert, key string
	insecure      bool
}

// parse reads the command line. The error is flag.ErrHelp, or tells all faults, each naming its flag and what is expected.
func parse(args []string) (options, error) {
	o := options{version: messages.V(1, 0)}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.callers, "callers", 128, "")
	flags.IntVar(&o.clients, "clients", 1, "")
	flags.IntVar(&o.held, "held", 0, "")
	flags.DurationVar(&o.duration, "duration", 10*time.Second, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.StringVar(&o.ledger, "ledger", "", "")
	flags.Func("servers", "", o.addServers)
	flags.Func("feature", "", o.setFeature)
	flags.StringVar(&o.ca, "ca", "", "")
	flags.StringVar(&o.cert, "cert", "", "")
	flags.StringVar(&o.key, "key", "", "")
	flags.BoolVar(&o.insecure, "insecure", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o.own = len(o.servers) == 0
	var faults messages.Faults
	if flags.NArg() > 0 {
		faults.Add(strconv.Quote(flags.Arg(0)), "is not a flag: all arguments are flags")
	}
	o.checkNumbers(&faults)
	o.checkServers(&faults)
	return o, faults.Err()
}

func (o options) checkNumbers(faults *messages.Faults) {
	for _, n := range []struct {
		flag          string
		value, lo, hi int
	}{{"-callers", o.callers, 1, maxCallers}, {"-clients", o.clients, 1, maxClients}, {"-held", o.held, 0, maxHeld}} {
		if n.value < n.lo || n.value > n.hi {
			faults.Add(n.flag, "is %d: must be %d to %d", n.value, n.lo, n.hi)
		}
	}
	if o.duration <= 0 || o.duration > maxDuration {
		faults.Add("-duration", "is %s: must be more than 0 and at most %s", o.duration, maxDuration)
	}
}

// checkServers notes what is missing or contradictory about the servers.
func (o options) checkServers(faults *messages.Faults) {
	certificates := o.ca != "" || o.cert != "" || o.key != ""
	switch {
	case o.own && (certificates || o.insecure || o.feature != ""):
		faults.Add("-servers", "is missing: -feature, -ca, -cert, -key and -insecure are for servers that are running")
	case o.own:
	case o.ledger != "":
		faults.Add("-ledger", "is for a server of its own: leave -servers out, or this")
	case o.feature == "":
		faults.Add("-feature", "is missing: name what to take, for example -feature cad:2.1")
	case o.insecure && certificates:
		faults.Add("-insecure", "is without TLS and takes no -ca, -cert or -key: choose one")
	case !o.insecure && (o.cert == "" || o.key == ""):
		faults.Add("-cert and -key", "are needed, both; or -insecure for servers without TLS")
	}
}

func (o *options) addServers(list string) error {
	for address := range strings.SplitSeq(list, ",") {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return fmt.Errorf("%q is not host:port; expected is lic1:6200, or several with commas between", address)
		}
		o.servers = append(o.servers, transport.Address(address))
	}
	return nil
}

func (o *options) setFeature(text string) (err error) {
	name, version, versioned := strings.Cut(text, ":")
	if versioned {
		major, minor, _ := strings.Cut(version, ".")
		o.version.Major, err = strconv.Atoi(major)
		if err == nil && minor != "" {
			o.version.Minor, err = strconv.Atoi(minor)
		}
	}
	if err == nil {
		err = messages.Checkout{Feature: name, Version: o.version}.Validate()
	}
	if err != nil {
		return fmt.Errorf("expected is name:version, for example cad:2.1: %w", err)
	}
	o.feature = name
	return nil
}

// transport returns how the servers are reached, but for the certificates of a server of its own.
func (o options) transport() (c grpctransport.Config, err error) {
	if o.own || o.insecure {
		return grpctransport.Config{Insecure: o.insecure}, nil
	}
	c.TLS, err = certflags.Client(o.ca, o.cert, o.key)
	return c, err
}
