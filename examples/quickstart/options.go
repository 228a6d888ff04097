package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/examples/internal/certflags"
	"github.com/seatbeat/seatbeat/internal/faults"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// options are what the command line says.
type options struct {
	json        bool
	defaultExit bool

	// The rest is for holding features on running servers.
	servers       []transport.Address
	features      []messages.Checkout
	ca, cert, key string
	insecure      bool
	attempts      int
	interval      time.Duration
}

// ownServers reports whether the features are to be held on running servers.
func (o options) ownServers() bool { return len(o.servers) > 0 }

// parse reads the command line. The error is flag.ErrHelp, or tells all faults, each naming its flag and what is expected.
func parse(args []string) (options, error) {
	o := options{attempts: 5, interval: time.Minute}
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.json, "json", false, "")
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
	var faults faults.List
	if flags.NArg() > 0 {
		faults.Add(strconv.Quote(flags.Arg(0)), "is not a flag: all arguments are flags")
	}
	if o.ownServers() {
		o.check(&faults)
	} else {
		onlyWithServers(flags, &faults)
	}
	return o, faults.Err()
}

// onlyWithServers notes flags that mean nothing to the built-in play.
func onlyWithServers(flags *flag.FlagSet, faults *faults.List) {
	flags.Visit(func(f *flag.Flag) {
		if f.Name != "json" && f.Name != "default-exit" {
			faults.Add("-"+f.Name, "is for servers of your own: name them with -servers host:port,...")
		}
	})
}

// check notes what is missing or contradictory beside -servers.
func (o options) check(faults *faults.List) {
	if len(o.features) == 0 {
		faults.Add("-feature", "is missing: name what to hold, as name:version:count, for example -feature cad:2.1:1")
	}
	switch {
	case o.insecure && (o.ca != "" || o.cert != "" || o.key != ""):
		faults.Add("-insecure", "is without TLS and takes no -ca, -cert or -key: choose one")
	case o.insecure:
	case o.cert == "" || o.key == "":
		faults.Add("-cert and -key", "are needed, both: the PEM files that prove who you are; or -insecure for servers without TLS")
	}
}

func (o *options) addServers(list string) error {
	for address := range strings.SplitSeq(list, ",") {
		host, port, err := net.SplitHostPort(address)
		if number, notANumber := strconv.Atoi(port); err != nil || host == "" || notANumber != nil || number < 1 || number > 65535 {
			return fmt.Errorf("%q is not host:port; expected is lic1:6200, or several with commas between", address)
		}
		if slices.Contains(o.servers, transport.Address(address)) {
			return fmt.Errorf("%q is there twice; expected is each server once", address)
		}
		o.servers = append(o.servers, transport.Address(address))
	}
	return nil
}

func (o *options) setAttempts(text string) (err error) {
	if o.attempts, err = strconv.Atoi(text); err != nil || o.attempts < 1 || o.attempts > supervisor.MaxAttempts {
		return fmt.Errorf("expected is a number from 1 to %d: the failed heartbeats in a row until other servers are asked", supervisor.MaxAttempts)
	}
	return nil
}

func (o *options) setInterval(text string) (err error) {
	if o.interval, err = time.ParseDuration(text); err != nil || o.interval <= 0 || o.interval > supervisor.MaxInterval {
		return fmt.Errorf("expected is a duration like 30s, more than 0 and at most %s", supervisor.MaxInterval)
	}
	return nil
}

// transport returns the way to the servers.
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
