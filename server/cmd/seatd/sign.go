package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seatbeat/seatbeat/server/licensefile"
)

type signCommand struct {
	Example   bool   `help:"Print a template to start from."`
	Template  string `help:"What the licence is to say, in YAML." type:"path" placeholder:"FILE"`
	SecretKey string `help:"The vendor's secret key." type:"path" placeholder:"FILE"`
	Out       string `help:"Licence file to write; must not be there yet. Default: standard output." type:"path" placeholder:"FILE"`
}

// Help explains the command.
func (signCommand) Help() string {
	return `For vendors. It signs what a template says. A template that says anything unknown, twice or out of bounds is refused, and every fault is named.

    seatd keygen --out vendor
    seatd sign --example > customer.yaml
    seatd sign --template customer.yaml --secret-key vendor.secret --out customer.lic
    seatd inspect customer.lic --trust vendor.public

The serial is the licence's name: a server counts files with the same serial once. Without one in the template each run draws another, so that two runs are two licences, whose seats add up.`
}

// Run signs a licence.
func (c signCommand) Run(s streams) error {
	if c.Example {
		_, err := fmt.Fprint(s.out, licensefile.ExampleTemplate)
		return err
	}
	if c.Template == "" || c.SecretKey == "" {
		return wrong("--template and --secret-key are needed; seatd sign --example prints a template to start from")
	}
	template, err := os.ReadFile(c.Template)
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	l, err := licensefile.ParseTemplate(template, time.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", c.Template, err)
	}
	key, err := licensefile.ReadSecretKey(c.SecretKey)
	if err != nil {
		return err
	}
	file, err := licensefile.Sign(l, key)
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err = s.out.Write(file)
		return err
	}
	if err := licensefile.WriteFile(c.Out, file); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s  licence %s for %s, signed with key %s\n", c.Out, l.Serial, l.Customer, key.Public().ID())
	return err
}
