package main

import (
	"fmt"

	"github.com/seatbeat/seatbeat/server/licensefile"
)

// keygenCommand is "seatbeatd keygen".
type keygenCommand struct {
	Out string `help:"Path of both files, without their extension." type:"path" placeholder:"NAME"`
}

// Help is the long help of the command.
func (keygenCommand) Help() string {
	return `Makes NAME.secret, which signs licences, and NAME.public, with which servers check them. Existing files are never overwritten.

Keep NAME.secret secret: whoever has it can sign licences. Never put it on a server or give it to a customer. Keep a copy in a safe place. Give NAME.public to your customers.

    seatbeatd keygen --out vendor`
}

// Run makes the key pair.
func (c keygenCommand) Run(s streams) error {
	if c.Out == "" {
		return usageErrorf("--out is missing: name the key pair, such as --out vendor")
	}
	secret, public := c.Out+".secret", c.Out+".public"
	key, err := licensefile.WriteKeys(secret, public)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, `%s  SECRET: signs licences; never give it to a server or a customer
%s  public: servers check licences with it
key id %s
`, secret, public, key.ID())
	return err
}
