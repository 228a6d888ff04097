package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seatbeat/seatbeat/server/licensefile"
)

// signCommand is "seatbeatd sign".
type signCommand struct {
	Example   bool   `help:"Print an example template to start from."`
	Template  string `help:"YAML file with the contents of the licence." type:"path" placeholder:"FILE"`
	SecretKey string `help:"Secret key file of the vendor, from seatbeatd keygen." type:"path" placeholder:"FILE"`
	Out       string `help:"Licence file to write. It must not exist. Default: standard output." type:"path" placeholder:"FILE"`
}

// Help is the long help of the command.
func (signCommand) Help() string {
	return `Signs the contents of a template. A template with an unknown field, a field given twice or a value out of bounds is refused, and every fault is listed.

    seatbeatd keygen --out vendor
    seatbeatd sign --example > customer.yaml
    seatbeatd sign --template customer.yaml --secret-key vendor.secret \
        --out customer.lic
    seatbeatd inspect customer.lic --trust vendor.public

The serial identifies the licence. Copies of one file count once; two different files with the same serial are refused. If the template has no serial, each run draws a new one. The results of two runs are then two licences, and their seats add up.`
}

// Run signs the licence, or prints the example template.
func (c signCommand) Run(s streams) error {
	if c.Example {
		_, err := fmt.Fprint(s.out, licensefile.ExampleTemplate)
		return err
	}
	if c.Template == "" || c.SecretKey == "" {
		return usageErrorf("--template and --secret-key are both required: seatbeatd sign --example prints a template to start from")
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
