package main

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completeArgument as the first argument makes the program print completions of the words that follow. The completion
// scripts call it. It is no command, so that it parses no flags and reads no configuration.
const completeArgument = "__complete"

//go:embed completion
var completionScripts embed.FS

// completionCommand is "seatbeatd completion".
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Shell that runs the script: bash, zsh or fish."`
}

// Help is the long help of the command.
func (completionCommand) Help() string {
	return `The script completes commands, flags and file names. It calls seatbeatd for that, which must be in the PATH.

For the running shell:

    source <(seatbeatd completion bash)
    source <(seatbeatd completion zsh)
    seatbeatd completion fish | source

For every new shell:

    seatbeatd completion bash > /etc/bash_completion.d/seatbeatd
    seatbeatd completion zsh > "${fpath[1]}/_seatbeatd"
    seatbeatd completion fish > ~/.config/fish/completions/seatbeatd.fish`
}

// Run prints the script.
func (c completionCommand) Run(s streams) error {
	script, err := completionScripts.ReadFile("completion/seatbeatd." + c.Shell)
	if err != nil {
		return err
	}
	_, err = s.out.Write(script)
	return err
}

// Lines of completions that stand for names of files and of folders. The shell completes those itself.
const (
	completeFiles   = ":files"
	completeFolders = ":folders"
)

// printCompletions prints the completions of the last word, one a line: a candidate, then a tab and its description if it
// has one. The words are those of the command line after the program, up to the cursor. The last one may be empty.
func printCompletions(to io.Writer, app *kong.Application, words []string) error {
	for _, line := range completions(app, words) {
		if _, err := fmt.Fprintln(to, line); err != nil {
			return err
		}
	}
	return nil
}

// completions returns the lines that printCompletions prints.
func completions(app *kong.Application, words []string) []string {
	if len(words) == 0 {
		return nil
	}
	before, last := splitAtLast(words)
	command := selectedCommand(app.Node, before)
	flags := command.AllFlags(true)
	if name, _, ok := strings.Cut(last, "="); ok && strings.HasPrefix(name, "--") {
		before, last = append(before, name), last[len(name)+1:]
	}
	if flag := valueExpected(flags, before); flag != nil {
		return valueLines(flag.Value, last)
	}
	if strings.HasPrefix(last, "-") {
		return flagLines(flags, last)
	}
	var lines []string
	for _, child := range command.Children {
		if !child.Hidden && strings.HasPrefix(child.Name, last) {
			lines = append(lines, child.Name+"\t"+child.Help)
		}
	}
	for _, argument := range command.Positional {
		lines = append(lines, valueLines(argument, last)...)
	}
	return lines
}

// splitAtLast splits words before the last one. Bash splits --flag=value into three words: the word "="
// is left out.
func splitAtLast(words []string) (before []string, last string) {
	last = words[len(words)-1]
	if last == "=" {
		last = ""
	}
	before = slices.DeleteFunc(slices.Clone(words[:len(words)-1]), func(word string) bool { return word == "=" })
	return before, last
}

// selectedCommand returns the command named by the first word that names one, or the program itself.
func selectedCommand(app *kong.Node, words []string) *kong.Node {
	for _, word := range words {
		for _, child := range app.Children {
			if child.Name == word {
				return child
			}
		}
	}
	return app
}

// valueExpected returns the flag whose value comes after words, or nil.
func valueExpected(levels [][]*kong.Flag, words []string) *kong.Flag {
	if len(words) == 0 {
		return nil
	}
	for _, flag := range slices.Concat(levels...) {
		if "--"+flag.Name == words[len(words)-1] && !flag.IsBool() {
			return flag
		}
	}
	return nil
}

// valueLines returns the completions of the value of a flag or an argument.
func valueLines(value *kong.Value, start string) []string {
	switch {
	case value.Tag.Type == pathType && value.Tag.PlaceHolder == "FOLDER":
		return []string{completeFolders}
	case value.Tag.Type == pathType:
		return []string{completeFiles}
	}
	var lines []string
	for _, candidate := range value.EnumSlice() {
		if candidate != "" && strings.HasPrefix(candidate, start) {
			lines = append(lines, candidate)
		}
	}
	return lines
}

// flagLines returns the flags that start with a text. The description is the first sentence of the flag's help.
func flagLines(levels [][]*kong.Flag, start string) []string {
	var lines []string
	for _, flag := range slices.Concat(levels...) {
		if name := "--" + flag.Name; strings.HasPrefix(name, start) {
			sentence, _, _ := strings.Cut(flag.Help, ". ")
			lines = append(lines, name+"\t"+strings.TrimSuffix(sentence, "."))
		}
	}
	return lines
}
