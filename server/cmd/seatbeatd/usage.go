package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// usageError reports a command line, environment or configuration file that asks for something impossible.
type usageError struct{ message string }

// Error returns the message.
func (e *usageError) Error() string { return e.message }

// usageErrorf returns a *usageError. The program then ends with exitUsage.
func usageErrorf(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// withHint adds a line that names the help to read.
func withHint(err error, command string) error {
	return fmt.Errorf("%w\nRun %q for usage and examples.", err, command) //nolint:staticcheck // a second line for people
}

// hintFor returns the help command for a command line that could not be parsed.
func hintFor(err error) string {
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		return helpCommand(parse.Context)
	}
	return programName + " --help"
}

// helpCommand returns the command line that shows the help of the selected command.
func helpCommand(command *kong.Context) string {
	if selected := command.Selected(); selected != nil {
		return selected.FullPath() + " --help"
	}
	return programName + " --help"
}

// explained returns the error of a command line that could not be parsed, in plainer words for mistakes that kong reports
// in terms of its parser: a flag with one dash, and a flag without its value at the end.
func explained(app *kong.Application, args []string, err error) error {
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && len(name) > 1 && hasFlag(app, name) {
			return usageErrorf("%s: a flag begins with two dashes: --%s", arg, name)
		}
	}
	if flag := valueExpected([][]*kong.Flag{allFlags(app.Node)}, args); flag != nil {
		return usageErrorf("--%s needs a value: --%s %s", flag.Name, flag.Name, flag.PlaceHolder)
	}
	return err
}

// hasFlag reports whether any command has a flag with this name.
func hasFlag(app *kong.Application, name string) bool {
	return slices.ContainsFunc(allFlags(app.Node), func(f *kong.Flag) bool { return f.Name == name })
}
