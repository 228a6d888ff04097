package main

import (
	"errors"
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

const help = `load measures how much a licence server can do.

  go run ./examples/measure/load                                  a server of its own: ledger in a file, mutual TLS
  go run ./examples/measure/load -held 1000000 -duration 30s      the same while a million leases are held
  go run ./examples/measure/load -servers lic1:6200 -feature cad:2.1 -ca ca.pem -cert me.pem -key me.key

It takes -held leases, lets -callers take seats one by one and return them later, renews the held leases as fast as it
can, gives everything back and prints a table. Progress goes to standard error.

Flags:
  -callers n               callers that take seats at the same time, 128 when left out
  -clients n               clients, each with a connection of its own, that the callers belong to; 1 when left out
  -held n                  leases that are held at the same time; 0 when left out: then renewals are not measured
  -duration d              how long each of the two measurements lasts, 10s when left out
  -json                    print the figures as JSON
  -ledger file             where the own server keeps its ledger; a temporary file when left out
  -servers host:port,...   use running servers, and spread the clients over them
  -feature name:version    what to take there; the version is 1.0 when left out
  -ca, -cert, -key file    PEM files: the authority of the servers, your certificate and its key
  -insecure                the servers are without TLS
  -help                    this text

A server that limits its clients answers with a retry-after; the time of waiting counts as part of the checkout.

Status: 0 measured, 1 not measured, 2 the flags are wrong.
`

// Bounds of the flags.
const (
	maxCallers  = 10_000
	maxClients  = 1_000
	maxHeld     = 4_000_000
	maxDuration = time.Hour
)

// options is what the command line says.
type options struct {
	callers, clients, held int
	duration               time.Duration
	json                   bool
	ledger                 string

	own           bool // start a server
	servers       []transport.Address
	feature       string
	version       messages.Version
	ca, cert, key string
	insecure      bool
}

// parse reads the command line. The error is flag.ErrHelp, or lists all faults: each names its flag and what it must be.
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
	faults := append(o.checkNumbers(), o.checkServers())
	if flags.NArg() > 0 {
		faults = append(faults, fmt.Errorf("%q is not a flag: all arguments are flags", flags.Arg(0)))
	}
	return o, errors.Join(faults...)
}

func (o options) checkNumbers() (faults []error) {
	for _, n := range []struct {
		flag          string
		value, lo, hi int
	}{{"-callers", o.callers, 1, maxCallers}, {"-clients", o.clients, 1, maxClients}, {"-held", o.held, 0, maxHeld}} {
		if n.value < n.lo || n.value > n.hi {
			faults = append(faults, fmt.Errorf("%s is %d: must be %d to %d", n.flag, n.value, n.lo, n.hi))
		}
	}
	if o.duration <= 0 || o.duration > maxDuration {
		faults = append(faults, fmt.Errorf("-duration is %s: must be more than 0 and at most %s", o.duration, maxDuration))
	}
	return faults
}

// checkServers returns what is missing or contradictory about the servers.
func (o options) checkServers() error {
	certificates := o.ca != "" || o.cert != "" || o.key != ""
	switch {
	case o.own && (certificates || o.insecure || o.feature != ""):
		return errors.New("-servers is missing: -feature, -ca, -cert, -key and -insecure are about running servers")
	case o.own:
		return nil
	case o.ledger != "":
		return errors.New("-ledger is about a server that load starts: leave out either -ledger or -servers")
	case o.feature == "":
		return errors.New("-feature is missing: name what to take, for example -feature cad:2.1")
	case o.insecure && certificates:
		return errors.New("-insecure means no TLS, and -ca, -cert and -key are about TLS: choose one")
	case !o.insecure && (o.cert == "" || o.key == ""):
		return errors.New("-cert and -key are both required; or use -insecure for servers without TLS")
	default:
		return nil
	}
}

func (o *options) addServers(list string) error {
	for address := range strings.SplitSeq(list, ",") {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return fmt.Errorf("%q is not an address: must be host:port, for example lic1:6200, or several with commas between", address)
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
		return fmt.Errorf("must be name:version, for example cad:2.1: %w", err)
	}
	o.feature = name
	return nil
}

// transport returns the configuration of the transport, without the certificates for a server that load starts.
func (o options) transport() (c grpctransport.Config, err error) {
	if o.own || o.insecure {
		return grpctransport.Config{Insecure: o.insecure}, nil
	}
	c.TLS, err = certflags.Client(o.ca, o.cert, o.key)
	return c, err
}
