package main

import (
	"fmt"

	"github.com/seatbeat/seatbeat/server/licensefile"
)

type keygenCommand struct {
	Out string `help:"Beginning of the names of both files." type:"path" placeholder:"NAME"`
}

// Help explains the command.
func (keygenCommand) Help() string {
	return `For vendors. It makes NAME.secret, which signs licences, and NAME.public, which servers check them with. Files that are there already are never overwritten.

NAME.secret is what to keep secret: whoever has it can sign licences. Keep it off servers and away from customers, with a copy in a safe place.

    seatd keygen --out vendor`
}

// Run makes a pair of keys.
func (c keygenCommand) Run(s streams) error {
	if c.Out == "" {
		return wrong("--out is missing: say how the files are to be named, like --out vendor")
	}
	secret, public := c.Out+".secret", c.Out+".public"
	key, err := licensefile.WriteKeys(secret, public)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, `%s  SECRET: signs licences; keep it off servers and away from customers
%s  public: servers check licences with it
key id %s
`, secret, public, key.ID())
	return err
}
