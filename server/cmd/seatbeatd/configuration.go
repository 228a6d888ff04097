package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// maxConfiguration is the length of the longest configuration file, in bytes.
const maxConfiguration = 1 << 20

// configuration is what a configuration file says: of each flag its value, a text or a list of them. It may have flags of
// several commands, so that all can share it.
type configuration struct {
	values map[string]any
	path   string
}

// readConfiguration reads a configuration file. A file without anything in it is one.
func readConfiguration(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxConfiguration+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration file %s: %w", nameOf(r), err)
	}
	if len(text) > maxConfiguration {
		return nil, fmt.Errorf("configuration file %s: is longer than %d bytes", nameOf(r), maxConfiguration)
	}
	var nodes map[string]yaml.Node
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", nameOf(r), err)
	}
	c := configuration{values: map[string]any{}, path: nameOf(r)}
	for name, node := range nodes {
		if c.values[name], err = valueOf(&node); err != nil {
			return nil, fmt.Errorf("configuration file %s: %s, line %d: %w", c.path, name, node.Line, err)
		}
	}
	return c, nil
}

// nameOf returns the path of what is read, for errors.
func nameOf(r io.Reader) string {
	if file, ok := r.(interface{ Name() string }); ok {
		return file.Name()
	}
	return ""
}

// valueOf returns what a flag can be set to: the text as it stands in the file, so that 10m and 0600 mean what they would
// mean on the command line.
func valueOf(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, errors.New("expected is a list of plain values")
			}
			list = append(list, item.Value)
		}
		return list, nil
	default:
		return nil, errors.New("expected is a value or a list of values")
	}
}

// Validate refuses names that are no flag of any command.
func (c configuration) Validate(app *kong.Application) error {
	flags := flagsOf(app.Node)
	for name := range c.values {
		if !slices.ContainsFunc(flags, func(f *kong.Flag) bool { return f.Name == name && name != "help" && name != "config" }) {
			return fmt.Errorf("configuration file %s: %q is not the name of a flag of any command: the names are those of --help, without dashes", c.path, name)
		}
	}
	return nil
}

// prefix is what the variables of flags begin with, in the environment.
const prefix = "SEATBEATD"

// strangers returns the variables of an environment that begin like those of flags and are none: misspelt ones, for the
// most part. Kubernetes makes SEATBEATD_PORT and SEATBEATD_SERVICE_HOST, and more of the kind, where a service has the name seatbeatd:
// so that they are no error.
func strangers(app *kong.Application, environment []string) (names []string) {
	known := make(map[string]bool)
	for _, flag := range flagsOf(app.Node) {
		for _, name := range flag.Envs {
			known[name] = true
		}
	}
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		flag, ours := strings.CutPrefix(name, prefix+"_")
		if ours && !known[name] && flag != "PORT" && !strings.HasPrefix(flag, "PORT_") && !strings.HasPrefix(flag, "SERVICE_") {
			names = append(names, name)
		}
	}
	return names
}

// flagsOf returns the flags of a command and of all below it.
func flagsOf(node *kong.Node) []*kong.Flag {
	flags := slices.Clone(node.Flags)
	for _, child := range node.Children {
		flags = append(flags, flagsOf(child)...)
	}
	return flags
}

// Resolve is asked for flags that the command line does not set, and leaves to the environment what that sets.
func (c configuration) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	if value, ok := c.values[flag.Name]; ok {
		return value, nil
	}
	return nil, nil
}
