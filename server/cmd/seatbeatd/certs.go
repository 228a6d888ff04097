package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
)

type certsCommand struct {
	Out    string   `help:"Folder for the files; made if it is not there." type:"path" placeholder:"FOLDER"`
	Server []string `help:"Name or address that clients reach the server at; several with commas. Makes server.pem." placeholder:"HOST"`
	Client []string `help:"Name of a client; several with commas. Makes NAME.pem." placeholder:"NAME"`
}

// Help explains the command.
func (certsCommand) Help() string {
	return `For operators without an authority of their own. It makes ca.pem, by which servers and clients know each other, and certificates, each with its key. Another run with the same folder adds more of them. They are good for a year, and the authority for ten. Files that are there already are never overwritten.

    seatbeatd certs --out certs --server lic1.example.org,192.0.2.7 --client build7,ada
    seatbeatd certs --out certs --client grace

The server gets server.pem, server.key and ca.pem; a client its NAME.pem, NAME.key and ca.pem. Each .key is to be kept secret, and ca.key above all: whoever has it can make himself a client or the server. Keep it off the server.

For a new certificate move the old one and its key away, run the command again, and have the server reload.`
}

var (
	hostName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$`)
	clientName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) // it becomes the name of a file
)

// pair is a certificate that is to be made.
type pair struct {
	name string // of its files
	cert *x509.Certificate
}

// Run makes certificates.
func (c certsCommand) Run(s streams) error {
	pairs, err := c.pairs()
	if err != nil {
		return err
	}
	if err := c.issue(s, pairs); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}

// pairs returns what the flags ask for.
func (c certsCommand) pairs() (pairs []pair, err error) {
	switch {
	case c.Out == "":
		return nil, wrong("--out is missing: name the folder for the files, like --out certs")
	case len(c.Server) == 0 && len(c.Client) == 0:
		return nil, wrong("--server or --client is missing: say what certificates are for, like --server localhost --client ada")
	}
	if len(c.Server) > 0 {
		pairs = append(pairs, pair{"server", serverCertificate("seatbeatd server", c.Server)})
	}
	for _, host := range c.Server {
		if net.ParseIP(host) == nil && !hostName.MatchString(host) {
			return nil, wrong("--server %q: expected is the name or the address of a machine, without a port", host)
		}
	}
	for _, name := range c.Client {
		if !clientName.MatchString(name) || name == "ca" || name == "server" {
			return nil, wrong("--client %q: expected are up to 64 letters, digits, dots, dashes and underscores, and not ca or server", name)
		}
		pairs = append(pairs, pair{name, clientCertificate(name)})
	}
	return pairs, nil
}

// issue writes the files, and tells of each.
func (c certsCommand) issue(s streams, pairs []pair) error {
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	for _, p := range pairs { // before the first is made
		for _, path := range []string{c.path(p.name, ".pem"), c.path(p.name, ".key")} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s is there already and is not overwritten: move it and its key away to get new ones", path)
			}
		}
	}
	ca, err := c.authority(s)
	for _, p := range pairs {
		if err == nil {
			_, err = ca.issue(c.path(p.name, ".pem"), c.path(p.name, ".key"), p.cert)
		}
		if err == nil {
			_, err = fmt.Fprintf(s.out, "%s  certificate of %s\n%s  SECRET: its key\n", c.path(p.name, ".pem"), p.name, c.path(p.name, ".key"))
		}
	}
	return err
}

// authority returns that of the folder, which is made if there is none.
func (c certsCommand) authority(s streams) (authority, error) {
	ca, err := readAuthority(c.Out)
	if err == nil {
		return ca, nil
	}
	certPath, keyPath := filepath.Join(c.Out, authorityCert), filepath.Join(c.Out, authorityKey)
	_, noCert := os.Lstat(certPath)
	_, noKey := os.Lstat(keyPath)
	if !errors.Is(noCert, fs.ErrNotExist) || !errors.Is(noKey, fs.ErrNotExist) {
		return authority{}, fmt.Errorf("%w; bring back what is missing of %s and %s, or name another folder", err, certPath, keyPath)
	}
	if ca, err = newAuthority(certPath, keyPath, "seatbeatd authority"); err != nil {
		return authority{}, err
	}
	_, err = fmt.Fprintf(s.out, "%s  authority: servers and clients know each other by it\n%s  SECRET: makes certificates; keep it off the server\n",
		certPath, keyPath)
	return ca, err
}

func (c certsCommand) path(name, extension string) string {
	return filepath.Join(c.Out, name+extension)
}
