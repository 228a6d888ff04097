// Seatbeatd is seatbeat's licence server as a program: it serves seats, looks after a server that runs, and signs licences.
// Run it with --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// Statuses of the process. The help of the program tells of them.
const (
	failed     = 1
	wrongUsage = 2
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// program is the command line. A field that is a command has a Run method; its flags can also be set by the environment
// and by the configuration file.
type program struct {
	Config kong.ConfigFlag `help:"Configuration file, in YAML: the names of flags without dashes, and their values." type:"path" placeholder:"FILE"`

	Serve   serveCommand   `cmd:"" help:"Serve seats to clients."`
	Status  statusCommand  `cmd:"" help:"Show features, seats and who holds them."`
	Release releaseCommand `cmd:"" help:"End a lease for good."`
	Reload  reloadCommand  `cmd:"" help:"Have licences and certificates read anew."`
	Backup  backupCommand  `cmd:"" help:"Copy the ledger of a server that runs."`
	Check   checkCommand   `cmd:"" help:"Check the ledger of a server that is not running."`

	Certs certsCommand `cmd:"" help:"Make certificates for servers and clients, and an authority for them."`

	Keygen  keygenCommand  `cmd:"" help:"Make a vendor's pair of keys."`
	Sign    signCommand    `cmd:"" help:"Sign a licence."`
	Inspect inspectCommand `cmd:"" help:"Show what a licence file says, and whether it is valid."`
}

const description = `seatbeatd is a licence server: it grants seats of features to clients, and frees those that nobody uses any more.

To try it, without any file:

    seatbeatd serve --dev

What a flag is set to, the command line says first, then the environment (SEATBEATD_CLIENT_CA for --client-ca), then the configuration file (client-ca: FILE), then its default.

    seatbeatd serve --config /etc/seatbeatd.yaml --listen :6201
    SEATBEATD_CONFIG=/etc/seatbeatd.yaml seatbeatd check

Status: 0 it is done, 1 it failed, 2 the command line, the environment or the configuration file is wrong.`

// streams are where commands talk to people and programs.
type streams struct {
	out, err io.Writer
}

// run returns the status of the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	parser, err := kong.New(new(program),
		kong.Name("seatbeatd"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.DefaultEnvars(prefix), kong.Configuration(readConfiguration),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.ValueFormatter(withDefault),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{out: stdout, err: stderr}),
	)
	if err != nil {
		return complain(stderr, err, failed)
	}
	for _, name := range strangers(parser.Model, os.Environ()) {
		_, _ = fmt.Fprintf(stderr, "seatbeatd: %s is set in the environment and means nothing: no flag has this name\n", name)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return complain(stderr, fmt.Errorf("%w\nrun %q for what there is, with examples", err, helpFor(err)), wrongUsage)
	}
	err = command.Run()
	if fault, wrong := errors.AsType[*usageError](err); wrong {
		return complain(stderr, fmt.Errorf("%w\nrun %q for what there is, with examples", fault, helpOf(command)), wrongUsage)
	}
	return complain(stderr, err, failed)
}

// usageError is the error of a command that was asked for something that it cannot do.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func wrong(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// complain prints an error, if there is one, and returns the status that it means.
func complain(to io.Writer, err error, status int) int {
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(to, "seatbeatd: %v\n", err)
	return status
}

// helpFor returns the command line that helps after a command line was not understood.
func helpFor(err error) string {
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		return helpOf(parse.Context)
	}
	return "seatbeatd --help"
}

// withDefault ends the help of a flag with its default.
func withDefault(value *kong.Value) string {
	if !value.HasDefault || value.Default == "" {
		return value.Help
	}
	return value.Help + " Default " + value.Default + "."
}

func helpOf(command *kong.Context) string {
	if selected := command.Selected(); selected != nil {
		return selected.FullPath() + " --help"
	}
	return "seatbeatd --help"
}
