package main

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/seatbeat/seatbeat/server/licensefile"
)

// inspectCommand is "seatbeatd inspect".
type inspectCommand struct {
	File     string   `arg:"" help:"Licence file." type:"path"`
	Trust    []string `help:"Public key file of a vendor whose licences are accepted. May be repeated." type:"path" placeholder:"FILE"`
	ServerID string   `name:"server-id" help:"Check the file for the server with this ServerID. Default: the server that the file names." placeholder:"ID"`
	JSON     bool     `name:"json" help:"Print JSON."`
}

// Help is the long help of the command.
func (inspectCommand) Help() string {
	return `With the vendor's public key the command checks the file: it fails with status 1 and the reason if a server would refuse the file now. Without a key nothing is checked, and anybody may have written what is shown.

    seatbeatd inspect customer.lic
    seatbeatd inspect customer.lic --trust vendor.public
    seatbeatd inspect customer.lic --trust vendor.public --server-id 0123abcd --json`
}

// Run inspects the file.
func (c inspectCommand) Run(s streams) error {
	keys, err := readTrustedKeys(c.Trust)
	if err != nil {
		return err
	}
	file, err := licensefile.ReadFile(c.File)
	if err != nil {
		return err
	}
	found, refused, err := c.inspect(file, keys)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(s.out)
		out.SetIndent("", "  ")
		err = out.Encode(found)
	} else {
		err = found.print(s.out)
	}
	return errors.Join(err, refused)
}

// inspect returns the contents of a file. If there are keys, refused is why a server would refuse the file, or nil.
func (c inspectCommand) inspect(file []byte, keys []licensefile.PublicKey) (found inspection, refused, err error) {
	contents, err := licensefile.ParseUnverified(file)
	if err != nil {
		return inspection{}, nil, withPath(err, c.File)
	}
	if len(keys) == 0 {
		return newInspection(c.File, contents.KeyID, contents.License), nil, nil
	}
	verifier := licensefile.Verifier{Keys: keys, ServerID: c.ServerID, Now: time.Now()}
	if c.ServerID == "" {
		verifier.ServerID = contents.License.ServerID
	}
	_, err = verifier.Open(file)
	return newInspection(c.File, contents.KeyID, contents.License).checked(err), withPath(err, c.File), nil
}

// withPath puts the path of the file into the error about it.
func withPath(err error, path string) error {
	if refused, ok := errors.AsType[*licensefile.RefusedError](err); ok {
		refused.Path = path
	}
	return err
}
