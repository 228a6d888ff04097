package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/certflags"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// options is what the command line says.
type options struct {
	json        bool
	fast        bool // without pauses
	defaultExit bool

	// The rest is about holding features on running servers.
	servers       []transport.Address
	features      []messages.Checkout
	ca, cert, key string
	insecure      bool
	attempts      int
	interval      time.Duration
}

// holds reports whether features are to be held on running servers, instead of the play.
func (o options) holds() bool { return len(o.servers) > 0 }

// parse reads the command line. The error is flag.ErrHelp, or lists all faults: each names its flag and what it must be.
func parse(args []string) (options, error) {
	o := options{attempts: 5, interval: time.Minute}
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.fast, "fast", false, "")
	flags.BoolVar(&o.defaultExit, "default-exit", false, "")
	flags.Func("servers", "", o.addServers)
	flags.Func("feature", "", o.addFeature)
	flags.StringVar(&o.ca, "ca", "", "")
	flags.StringVar(&o.cert, "cert", "", "")
	flags.StringVar(&o.key, "key", "", "")
	flags.BoolVar(&o.insecure, "insecure", false, "")
	flags.Func("attempts", "", o.setAttempts)
	flags.Func("interval", "", o.setInterval)
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	var positional error
	if flags.NArg() > 0 {
		positional = fmt.Errorf("%q is not a flag: all arguments are flags", flags.Arg(0))
	}
	if o.holds() {
		return o, errors.Join(positional, o.checkFeatures(), o.checkTLS())
	}
	return o, errors.Join(positional, onlyWithServers(flags))
}

// onlyWithServers returns an error for each flag that the play has no use for.
func onlyWithServers(flags *flag.FlagSet) (faults error) {
	flags.Visit(func(f *flag.Flag) {
		if f.Name != "json" && f.Name != "fast" && f.Name != "default-exit" {
			faults = errors.Join(faults, fmt.Errorf("-%s is about running servers: name them with -servers", f.Name))
		}
	})
	return faults
}

func (o options) checkFeatures() error {
	if len(o.features) == 0 {
		return errors.New("-feature is missing: name what to hold as name:version:count, for example -feature cad:2.1:1")
	}
	return nil
}

func (o options) checkTLS() error {
	switch {
	case o.insecure && (o.ca != "" || o.cert != "" || o.key != ""):
		return errors.New("-insecure means no TLS, and -ca, -cert and -key are about TLS: choose one")
	case !o.insecure && (o.cert == "" || o.key == ""):
		return errors.New("-cert and -key are both required: the PEM files that prove who you are; or use -insecure for servers without TLS")
	default:
		return nil
	}
}

func (o *options) addServers(list string) error {
	for address := range strings.SplitSeq(list, ",") {
		host, port, err := net.SplitHostPort(address)
		if number, notANumber := strconv.Atoi(port); err != nil || host == "" || notANumber != nil || number < 1 || number > 65535 {
			return fmt.Errorf("%q is not an address: must be host:port, for example lic1:6200, or several with commas between", address)
		}
		if slices.Contains(o.servers, transport.Address(address)) {
			return fmt.Errorf("%q is named twice: name each server once", address)
		}
		o.servers = append(o.servers, transport.Address(address))
	}
	return nil
}

func (o *options) addFeature(text string) error {
	c, err := parseFeature(text)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return fmt.Errorf("%w: must be name:version:count, for example cad:2.1:1", err)
	}
	o.features = append(o.features, c)
	return nil
}

func (o *options) setAttempts(text string) (err error) {
	if o.attempts, err = strconv.Atoi(text); err != nil || o.attempts < 1 || o.attempts > supervisor.MaxAttempts {
		return fmt.Errorf("must be a number from 1 to %d: after so many failed heartbeats in a row the other servers are asked", supervisor.MaxAttempts)
	}
	return nil
}

func (o *options) setInterval(text string) (err error) {
	if o.interval, err = time.ParseDuration(text); err != nil || o.interval < supervisor.MinInterval || o.interval > supervisor.MaxInterval {
		return fmt.Errorf("must be a duration such as 30s, from %s to %s", supervisor.MinInterval, supervisor.MaxInterval)
	}
	return nil
}

// transport returns the transport to the servers.
func (o options) transport() (transport.Transport, error) {
	if o.insecure {
		return grpctransport.New(grpctransport.Config{Insecure: true}), nil
	}
	config, err := certflags.Client(o.ca, o.cert, o.key)
	if err != nil {
		return nil, err
	}
	return grpctransport.New(grpctransport.Config{TLS: config}), nil
}
