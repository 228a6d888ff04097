package main

import (
	"os"
	"runtime"
)

// isTerminal reports whether a person may be watching f: it is neither a file, nor a pipe, nor the null device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// knowsColour reports whether the terminal shows colours and its user wants them; see https://no-color.org. The old
// console of Windows shows escape sequences as text.
func knowsColour() bool {
	old := runtime.GOOS == "windows" && os.Getenv("WT_SESSION") == ""
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && !old
}

// Styles of a terminal: the parameters of its escape sequence.
const (
	bold, faint              = "1", "2"
	red, green, yellow       = "31", "32", "33"
	greenBlock, magentaBlock = "1;30;42", "1;30;45"
)

// paint returns text in a style if there is colour.
func paint(colour bool, style, text string) string {
	if !colour {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}
