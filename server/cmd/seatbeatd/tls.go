package main

import (
	"fmt"

	"github.com/seatbeat/seatbeat/server"
)

// tlsFlags choose the server's certificate and which clients it trusts.
type tlsFlags struct {
	Cert           string `help:"Certificate of this server, in PEM." type:"path" placeholder:"FILE" group:"security"`
	Key            string `help:"Private key of --cert, in PEM." type:"path" placeholder:"FILE" group:"security"`
	ClientCA       string `name:"client-ca" help:"Certificates of the authorities that sign client certificates, in PEM." type:"path" placeholder:"FILE" group:"security"`
	Insecure       bool   `help:"Serve without TLS, on loopback only. Every program that can connect can then use every lease." group:"security"`
	InsecureRemote bool   `help:"With --insecure, also serve other machines without TLS." group:"security"`
}

// loadTLS reads the files that the flags name, for a server at an address. It returns nil if the server is to run without
// TLS.
func (f tlsFlags) loadTLS(listen string) (*server.TLS, error) {
	switch {
	case f.InsecureRemote && !f.Insecure:
		return nil, usageErrorf("--insecure-remote works only with --insecure: add --insecure, or remove --insecure-remote")
	case f.Insecure && f.namesFiles():
		return nil, usageErrorf("--insecure turns TLS off, but --cert, --key or --client-ca is set: remove one or the other")
	case f.Insecure:
		return nil, f.checkInsecure(listen)
	case f.Cert == "" || f.Key == "" || f.ClientCA == "":
		return nil, usageErrorf("--cert, --key and --client-ca are all required: %s", `"seatbeatd certs" makes these files`)
	}
	security, err := server.LoadTLS(server.TLSFiles{Cert: f.Cert, Key: f.Key, ClientCA: f.ClientCA})
	if err != nil {
		return nil, fmt.Errorf("--cert, --key and --client-ca: %w", err)
	}
	return security, nil
}

// namesFiles reports whether the flags name any file.
func (f tlsFlags) namesFiles() bool { return f.Cert != "" || f.Key != "" || f.ClientCA != "" }

// checkInsecure returns an error for a server without TLS that other machines can reach, unless --insecure-remote is set.
func (f tlsFlags) checkInsecure(listen string) error {
	if loopback, err := isLoopback(listen); err == nil && !loopback && !f.InsecureRemote {
		return usageErrorf("--listen %s: other machines may not connect without TLS: use 127.0.0.1:PORT, or TLS, or add --insecure-remote", listen)
	}
	return nil
}
