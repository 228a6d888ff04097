//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shellFolder returns a folder with a file "ledger" and a folder "folder" in it.
func shellFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "folder"), 0o700))
	for _, name := range []string{"ledger", "file"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	return folder
}

// inShell runs a command in a folder, with the program in the PATH. The test is skipped if the command is not installed.
func inShell(t *testing.T, folder, input, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(name + " is not installed")
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TERM=dumb", "PATH="+filepath.Dir(programPath)+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// TestInteractiveShellsComplete types into shells, with the tab key, and sees from what the program then prints what it
// was called with.
func TestInteractiveShellsComplete(t *testing.T) {
	for shell, begin := range map[string]string{
		"bash --norc --noprofile -i": "source <(seatbeatd completion bash)\n",
		"zsh -f -i":                  "autoload -U compinit; compinit -u -D\nsource <(seatbeatd completion zsh)\n",
	} {
		name, _, _ := strings.Cut(shell, " ")
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skip(name + " is not installed")
			}
			folder := shellFolder(t)
			typing := func(line string) string {
				return inShell(t, folder, begin+line+"\nexit 0\n", "script", "-qec", shell, os.DevNull)
			}
			assert.Contains(t, typing("seatbeatd vers\t"), runtime.Version())
			assert.Contains(t, typing("seatbeatd serve --client-w\t0 --dev"), "--client-waiting is 0: must be")
			assert.Contains(t, typing("seatbeatd check --ledger led\t"), "check ledger "+filepath.Join(folder, "ledger"))
			assert.Contains(t, typing("seatbeatd check --ledger=led\t"), "check ledger "+filepath.Join(folder, "ledger"))
			assert.Contains(t, typing("seatbeatd certs --out f\t --cl\t ada"), filepath.Join(folder, "folder", "ada.pem"))
		})
	}
}

func TestFishCompletes(t *testing.T) {
	folder := shellFolder(t)
	for line, want := range map[string]string{
		"seatbeatd re":                  "release\tRevoke a lease.\nreload\tReload licences and certificates.\n",
		"seatbeatd serve --client-w":    "--client-waiting\tMaximum number of checkouts of one client that wait for a seat at a time\n",
		"seatbeatd serve --log-format=": "--log-format=json\n--log-format=text\n",
		"seatbeatd check --ledger led":  "ledger\n",
		"seatbeatd check --ledger=led":  "--ledger=ledger\n",
		"seatbeatd certs --out ":        "folder/\tDirectory\n",
	} {
		assert.Equal(t, want, inShell(t, folder, "", "fish", "-N", "-c", "seatbeatd completion fish | source; complete -C '"+line+"'"), line)
	}
}

func TestCompletionScriptsAreValid(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		r := runProgram(t, nil, "completion", shell)
		require.Equal(t, 0, r.status, r.errors)
		if path, err := exec.LookPath(shell); err == nil {
			cmd := exec.CommandContext(t.Context(), path, "-n")
			cmd.Stdin = strings.NewReader(r.out)
			out, err := cmd.CombinedOutput()
			assert.NoError(t, err, "%s: %s", shell, out)
		}
	}
}
