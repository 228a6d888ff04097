package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seatbeat/seatbeat/server/licensefile"
)

type inspectCommand struct {
	File     string   `arg:"" help:"Licence file." type:"path"`
	Trust    []string `help:"Public key of a vendor whose licences count; several may." type:"path" placeholder:"FILE"`
	ServerID string   `name:"server-id" help:"ServerID of the server that is to use the file. Default: the one that the file names." placeholder:"ID"`
	JSON     bool     `name:"json" help:"Print JSON, for programs."`
}

// Help explains the command.
func (inspectCommand) Help() string {
	return `It shows what a licence file says. With the vendor's public key it also says whether the file is valid now, and if not why: then its status is 1. Without a key nothing is checked, and anybody may have written what is shown.

    seatd inspect customer.lic
    seatd inspect customer.lic --trust vendor.public
    seatd inspect customer.lic --trust vendor.public --server-id 0123abcd --json`
}

// What is known of a signature.
const (
	notChecked = "not checked"
	unknownKey = "of a key that is not trusted"
	wrongOne   = "wrong"
	rightOne   = "right"
)

// finding is what is found out about a file.
type finding struct {
	Path      string               `json:"path"`
	KeyID     string               `json:"key_id"`
	Signature string               `json:"signature"`
	Valid     *bool                `json:"valid,omitempty"` // nil: not checked
	Reason    *licensefile.Reason  `json:"reason,omitempty"`
	Message   string               `json:"message,omitempty"`
	License   licensefile.Contents `json:"license"`
}

// Run inspects a file.
func (c inspectCommand) Run(s streams) error {
	keys, err := readTrusted(c.Trust)
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

// inspect returns what a file says and, if there are keys, why a server would refuse it.
func (c inspectCommand) inspect(file []byte, keys []licensefile.PublicKey) (found finding, refused, err error) {
	says, err := licensefile.ParseUnverified(file)
	if err != nil {
		return finding{}, nil, withPath(err, c.File)
	}
	found = finding{Path: c.File, KeyID: says.KeyID, Signature: notChecked, License: licensefile.Contents(says.License)}
	if len(keys) == 0 {
		return found, nil, nil
	}
	verifier := licensefile.Verifier{Keys: keys, ServerID: c.ServerID, Now: time.Now()}
	if c.ServerID == "" {
		verifier.ServerID = says.License.ServerID
	}
	_, err = verifier.Open(file)
	found.judge(err)
	return found, withPath(err, c.File), nil
}

// judge notes how a check ended.
func (f *finding) judge(err error) {
	valid := err == nil
	f.Valid, f.Signature = &valid, rightOne
	refused, ok := errors.AsType[*licensefile.RefusedError](err)
	if !ok {
		return
	}
	f.Reason, f.Message = &refused.Reason, refused.Message
	switch refused.Reason {
	case licensefile.WrongKey:
		f.Signature = unknownKey
	case licensefile.Altered:
		f.Signature = wrongOne
	}
}

// withPath names the file in the error about it.
func withPath(err error, path string) error {
	if refused, ok := errors.AsType[*licensefile.RefusedError](err); ok {
		refused.Path = path
	}
	return err
}

// readTrusted reads the keys that are trusted.
func readTrusted(paths []string) ([]licensefile.PublicKey, error) {
	var keys []licensefile.PublicKey
	for _, path := range paths {
		key, err := licensefile.ReadPublicKey(path)
		if err != nil {
			return nil, fmt.Errorf("trusted keys: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
