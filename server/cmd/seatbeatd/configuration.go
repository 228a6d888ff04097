package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configFlag is --config. It names the configuration file.
type configFlag string

// BeforeResolve reads the file, so that it is asked for the flags that the command line does not set. Kong calls it.
func (configFlag) BeforeResolve(app *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	c, err := readConfiguration(string(ctx.FlagValue(trace.Flag).(configFlag)), allFlags(app.Model.Node))
	if err != nil {
		return err
	}
	ctx.AddResolver(c)
	return nil
}

// maxConfiguration is the size limit of a configuration file, in bytes.
const maxConfiguration = 1 << 20

// configuration holds the values of a configuration file by flag name: a string, or a list of strings. It may set flags of
// several commands, so that one file serves them all. It implements kong.Resolver.
type configuration struct {
	path   string // absolute
	values map[string]any
}

// readConfiguration reads a configuration file, by its absolute path, that sets some of the flags. An empty file is valid
// and sets nothing.
func readConfiguration(path string, flags []*kong.Flag) (configuration, error) {
	file, err := os.Open(path)
	if err != nil {
		return configuration{}, fmt.Errorf("--config: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxConfiguration+1))
	if err != nil {
		return configuration{}, fmt.Errorf("--config: %w", err)
	}
	if len(text) > maxConfiguration {
		return configuration{}, fmt.Errorf("configuration file %s: is longer than %d bytes", path, maxConfiguration)
	}
	values, err := parseConfiguration(text, flags)
	if err != nil {
		return configuration{}, fmt.Errorf("configuration file %s: %w", path, err)
	}
	return configuration{path: path, values: values}, nil
}

// parseConfiguration returns the values in the text of a configuration file. The error is about the first faulty line.
func parseConfiguration(text []byte, flags []*kong.Flag) (map[string]any, error) {
	var nodes map[string]yaml.Node
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return nil, err
	}
	values := make(map[string]any)
	byLine := func(a, b string) int { return cmp.Compare(nodes[a].Line, nodes[b].Line) }
	for _, name := range slices.SortedFunc(maps.Keys(nodes), byLine) {
		node := nodes[name]
		if !slices.ContainsFunc(flags, func(f *kong.Flag) bool { return f.Name == name && configurable(f) }) {
			return nil, fmt.Errorf("line %d: %q is not the name of a flag: use a name from --help, without the dashes", node.Line, name)
		}
		value, err := configuredValue(&node)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s %w", node.Line, name, err)
		}
		values[name] = value
	}
	return values, nil
}

// configuredValue returns the value of a YAML node as written in the file, so that 10m and 0600 mean the same as on the
// command line.
func configuredValue(node *yaml.Node) (any, error) {
	switch {
	case node.Kind == yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode || item.Value == "" {
				return nil, errors.New("must be a list of plain values")
			}
			list = append(list, item.Value)
		}
		return list, nil
	case node.Kind != yaml.ScalarNode:
		return nil, errors.New("must be a value or a list of values")
	case node.Value == "":
		return nil, errors.New("has no value: set it, or remove the line")
	default:
		return node.Value, nil
	}
}

// Validate returns nil: the file was checked when it was read. Kong calls it.
func (c configuration) Validate(*kong.Application) error { return nil }

// configurable reports whether a configuration file may set a flag.
func configurable(flag *kong.Flag) bool {
	return len(flag.Envs) > 0 && flag.Name != "config" // --help and --version have no variable
}

// Resolve returns the value of a flag that the command line does not set, or nil. Kong calls it. The environment comes
// before the file.
func (c configuration) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if slices.ContainsFunc(flag.Envs, isSet) {
		return nil, nil
	}
	value, ok := c.values[flag.Name]
	if !ok {
		return nil, nil
	}
	if text, isText := value.(string); isText && flag.IsSlice() {
		value = splitList(text, flag.Tag.Sep)
	}
	if flag.Tag.Type != pathType {
		return value, nil
	}
	return c.absolutePaths(value), nil
}

// isSet reports whether an environment variable is set.
func isSet(variable string) bool {
	_, set := os.LookupEnv(variable)
	return set
}

// splitList splits a value as kong splits that of a flag which takes several.
func splitList(text string, separator rune) []any {
	var list []any
	for _, item := range kong.SplitEscaped(text, separator) {
		list = append(list, item)
	}
	return list
}

// absolutePaths returns paths of the file, one or a list, as absolute paths.
func (c configuration) absolutePaths(value any) any {
	if list, isList := value.([]any); isList {
		absolute := make([]any, len(list))
		for i, item := range list {
			absolute[i] = c.absolutePath(item.(string))
		}
		return absolute
	}
	return c.absolutePath(value.(string))
}

// absolutePath returns a path as an absolute one. A relative path starts at the folder of the file. "-" is a standard
// stream and stays as it is.
func (c configuration) absolutePath(path string) string {
	if path == "-" {
		return path
	}
	if !filepath.IsAbs(path) && !strings.HasPrefix(path, "~/") {
		path = filepath.Join(filepath.Dir(c.path), path)
	}
	return kong.ExpandPath(path)
}

// variablePrefix starts the name of each environment variable that sets a flag.
const variablePrefix = "SEATBEATD"

// unknownVariables returns SEATBEATD_ variables that match no flag, most likely typos. Kubernetes sets some of its own for
// a service called seatbeatd, SEATBEATD_PORT and SEATBEATD_SERVICE_HOST among them. Those are not returned.
func unknownVariables(app *kong.Application, environment []string) (names []string) {
	known := make(map[string]bool)
	for _, flag := range allFlags(app.Node) {
		for _, name := range flag.Envs {
			known[name] = true
		}
	}
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, variablePrefix+"_")
		if ours && !known[name] && rest != "PORT" && !strings.HasPrefix(rest, "PORT_") && !strings.HasPrefix(rest, "SERVICE_") {
			names = append(names, name)
		}
	}
	return names
}

// allFlags returns the flags of a command and of all commands below it.
func allFlags(node *kong.Node) []*kong.Flag {
	flags := slices.Clone(node.Flags)
	for _, child := range node.Children {
		flags = append(flags, allFlags(child)...)
	}
	return flags
}
