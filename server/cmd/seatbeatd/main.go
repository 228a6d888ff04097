// Seatbeatd is seatbeat's licence server as a program. It serves seats to clients, administers a running server, makes
// certificates, and signs licences for vendors. Run "seatbeatd --help" for its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// programName is what the program calls itself in messages, whatever its file is called.
const programName = "seatbeatd"

// Exit statuses besides 0. The program's help documents them.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx := context.Background()
	if slices.Contains(os.Args[1:], serveName) { // a server heeds signals from its first moment on
		ctx, _ = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		signal.Ignore(syscall.SIGPIPE) // when nobody reads the log any more, the server serves on
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// serveName is the name of the command that serves.
const serveName = "serve"

// program is the command line. Each field with a cmd tag is a command and has a Run method. Every flag but --help and
// --version can also be set in the environment and in the configuration file.
type program struct {
	Config      configFlag  `help:"YAML file with flags of any command, one per line: NAME: VALUE, without the dashes." type:"path" placeholder:"FILE"`
	VersionFlag versionFlag `name:"version" help:"Print the version and exit." env:"-"`

	Serve   serveCommand   `cmd:"" group:"run" help:"Serve seats to clients."`
	Check   checkCommand   `cmd:"" group:"run" help:"Check a ledger that no server is using."`
	Certs   certsCommand   `cmd:"" group:"run" help:"Make TLS certificates, for operators who have no certificate authority."`
	Inspect inspectCommand `cmd:"" group:"run" help:"Show what a licence file contains and whether it is valid."`

	Status  statusCommand  `cmd:"" group:"administer" help:"Show features, seats and the leases that are held."`
	Release releaseCommand `cmd:"" group:"administer" help:"Revoke a lease."`
	Reload  reloadCommand  `cmd:"" group:"administer" help:"Reload licences and certificates."`
	Backup  backupCommand  `cmd:"" group:"administer" help:"Copy the ledger."`

	Keygen keygenCommand `cmd:"" group:"vendor" help:"Make the key pair of a licence vendor."`
	Sign   signCommand   `cmd:"" group:"vendor" help:"Sign a licence."`

	Completion completionCommand `cmd:"" group:"other" help:"Print the completion script for a shell."`
	Version    versionCommand    `cmd:"" group:"other" help:"Print the version."`
	Man        manCommand        `cmd:"" group:"other" help:"Print the manual page." hidden:""`
}

// groups are the titles that help shows above flags and commands.
var groups = kong.Groups{
	"run":         "Run a server:",
	"administer":  "Administer a running server:",
	"vendor":      "For vendors:",
	"other":       "Other:",
	"development": "Development:",
	"licences":    "Licences:",
	"security":    "TLS:",
	"limits":      "Limits:",
	"admin":       "Administration:",
	"logging":     "Logging:",
}

const description = `seatbeatd is a floating-licence server. Clients check out seats of licensed features and keep them with heartbeats. A seat whose heartbeats stop is freed.

To try it without any files:

    seatbeatd serve --dev

A flag can be set in four places. The first one that sets it wins: the command line (--client-ca FILE), the environment (SEATBEATD_CLIENT_CA=FILE), the configuration file (client-ca: FILE), the default.

    seatbeatd serve --config /etc/seatbeatd/seatbeatd.yaml --listen :6201
    SEATBEATD_CONFIG=/etc/seatbeatd/seatbeatd.yaml seatbeatd check

A relative path inside the configuration file starts at the folder of that file. A relative path on the command line or in the environment starts at the working directory.

Exit status: 0 for success, 1 for failure, 2 if the command line, the environment or the configuration file is wrong.`

// streams are the outputs of a command: out for results, err for logs and messages to people.
type streams struct {
	out, err io.Writer
}

// run runs the program with arguments and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	parser, err := newParser(ctx, stdout, stderr)
	if err != nil {
		return printError(stderr, err, exitFailed)
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help": // help, or help COMMAND
		args = append(slices.Clone(args[1:]), "--help")
	case args[0] == completeArgument:
		return printError(stderr, printCompletions(stdout, parser.Model, args[1:]), exitFailed)
	}
	for _, name := range unknownVariables(parser.Model, os.Environ()) {
		printLine(stderr, fmt.Sprintf("%s: warning: the environment variable %s matches no flag and is ignored\n", programName, name))
	}
	command, err := parser.Parse(args)
	if err != nil {
		return printError(stderr, withHint(explained(parser.Model, args, err), hintFor(err)), exitUsage)
	}
	err = command.Run()
	if usage, ok := errors.AsType[*usageError](err); ok {
		return printError(stderr, withHint(usage, helpCommand(command)), exitUsage)
	}
	return printError(stderr, err, exitFailed)
}

// newParser returns a parser of the command line. Help, completions and the manual page are made from its model.
func newParser(ctx context.Context, stdout, stderr io.Writer) (*kong.Kong, error) {
	parser, err := kong.New(new(program),
		kong.Name(programName), kong.Description(description), kong.Writers(stdout, stderr), groups,
		kong.DefaultEnvars(variablePrefix), kong.NamedMapper("path", newPathMapper()),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}), kong.ValueFormatter(helpWithDefault),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{out: stdout, err: stderr}),
	)
	if err == nil {
		parser.Model.HelpFlag.Help = "Print this help and exit."
	}
	return parser, err
}

// printError prints err and returns status, or returns 0 when err is nil.
func printError(to io.Writer, err error, status int) int {
	if err == nil {
		return 0
	}
	printLine(to, fmt.Sprintf("%s: %v\n", programName, err))
	return status
}

// printTimeout is how long a line of text may take. Standard error may be a pipe that nobody reads.
const printTimeout = 500 * time.Millisecond

// printLine prints text to people, and gives up when that hangs.
func printLine(to io.Writer, text string) {
	_ = within(printTimeout, func() error {
		_, err := io.WriteString(to, text)
		return err
	})
}

// errHangs is the error of what was given up because it hangs.
var errHangs = errors.New("it hangs and was given up")

// within runs something that may hang, and gives it up after a limit.
func within(limit time.Duration, run func() error) error {
	done := make(chan error, 1)
	go func() { done <- run() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return errHangs
	}
}

// helpWithDefault adds the default of a flag to its help.
func helpWithDefault(value *kong.Value) string {
	if !value.HasDefault || value.Default == "" {
		return value.Help
	}
	return value.Help + " Default " + value.Default + "."
}
