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

// certsCommand is "seatbeatd certs".
type certsCommand struct {
	Out    string   `help:"Folder for the files. Created if missing." type:"path" placeholder:"FOLDER"`
	Server []string `help:"Host name or IP address at which clients reach the server. Separate several with commas. Makes server.pem." placeholder:"HOST"`
	Client []string `help:"Name of a client. Separate several with commas. Makes NAME.pem for each." placeholder:"NAME"`
}

// Help is the long help of the command.
func (certsCommand) Help() string {
	return `The first run makes an authority, ca.pem with its key ca.key. Every run makes certificates signed by that authority, each with its key. Existing files are never overwritten. Certificates are valid for one year, the authority for ten.

    seatbeatd certs --out certs --server lic1.example.org,192.0.2.7 --client build7,ada
    seatbeatd certs --out certs --client grace

Give the server ca.pem, server.pem and server.key. Give each client ca.pem and its own NAME.pem and NAME.key. Keep every .key file secret, above all ca.key: whoever has it can pose as any client and as the server. Do not keep ca.key on the server.

To replace a certificate, move it and its key away, run the command again, and reload the server.`
}

var (
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$`)
	clientPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) // the name is also that of a file
)

// certificateRequest is a certificate to make.
type certificateRequest struct {
	name string // of its files, without extension
	cert *x509.Certificate
}

// Run makes the certificates.
func (c certsCommand) Run(s streams) error {
	requests, err := c.requests()
	if err != nil {
		return err
	}
	if err := c.issue(s, requests); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}

// requests returns the certificates that the flags ask for.
func (c certsCommand) requests() (requests []certificateRequest, err error) {
	switch {
	case c.Out == "":
		return nil, usageErrorf("--out is missing: name a folder for the files, such as --out certs")
	case len(c.Server) == 0 && len(c.Client) == 0:
		return nil, usageErrorf("--server or --client is missing: name who gets a certificate, such as --server localhost --client ada")
	}
	for _, host := range c.Server {
		if net.ParseIP(host) == nil && !hostPattern.MatchString(host) {
			return nil, usageErrorf("--server %q: must be a host name or an IP address, without a port", host)
		}
	}
	if len(c.Server) > 0 {
		requests = append(requests, certificateRequest{"server", serverCertificate("seatbeatd server", c.Server)})
	}
	for _, name := range c.Client {
		if !clientPattern.MatchString(name) || name == "ca" || name == "server" {
			return nil, usageErrorf("--client %q: must be 1 to 64 letters, digits, dots, dashes and underscores, and neither ca nor server", name)
		}
		requests = append(requests, certificateRequest{name, clientCertificate(name)})
	}
	return requests, nil
}

// issue writes the files and prints what each one is. Nothing is written if a file exists already.
func (c certsCommand) issue(s streams, requests []certificateRequest) error {
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	for _, r := range requests {
		for _, path := range []string{c.path(r.name, ".pem"), c.path(r.name, ".key")} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s already exists and is not overwritten: move it and its key away to get new ones", path)
			}
		}
	}
	ca, err := c.authority(s)
	for _, r := range requests {
		if err == nil {
			_, err = ca.issue(c.path(r.name, ".pem"), c.path(r.name, ".key"), r.cert)
		}
		if err == nil {
			_, err = fmt.Fprintf(s.out, "%s  certificate of %s\n%s  SECRET: its key\n", c.path(r.name, ".pem"), r.name, c.path(r.name, ".key"))
		}
	}
	return err
}

// authority returns the authority of the folder. It makes one if the folder has none.
func (c certsCommand) authority(s streams) (authority, error) {
	ca, err := readAuthority(c.Out)
	if err == nil {
		return ca, nil
	}
	certPath, keyPath := filepath.Join(c.Out, authorityCert), filepath.Join(c.Out, authorityKey)
	_, noCert := os.Lstat(certPath)
	_, noKey := os.Lstat(keyPath)
	if !errors.Is(noCert, fs.ErrNotExist) || !errors.Is(noKey, fs.ErrNotExist) {
		return authority{}, fmt.Errorf("%w: the authority needs both %s and %s: restore the missing file, or name another folder", err, certPath, keyPath)
	}
	if ca, err = newAuthority(certPath, keyPath, "seatbeatd authority"); err != nil {
		return authority{}, err
	}
	_, err = fmt.Fprintf(s.out, "%s  authority: servers and clients trust its certificates\n%s  SECRET: signs certificates; keep it off the server\n",
		certPath, keyPath)
	return ca, err
}

func (c certsCommand) path(name, extension string) string {
	return filepath.Join(c.Out, name+extension)
}
