package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// versionCommand is "seatbeatd version".
type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is the long help of the command.
func (versionCommand) Help() string {
	return `Shows the version of the module, the revision it was built from, the version of Go, and the platform.

    seatbeatd version
    seatbeatd version --json`
}

// Run prints the version.
func (c versionCommand) Run(s streams) error {
	v := programVersion()
	if c.JSON {
		return json.NewEncoder(s.out).Encode(v)
	}
	return v.print(s.out)
}

// versionFlag is --version. It prints the same as "seatbeatd version".
type versionFlag bool

// BeforeReset prints the version and ends the process. Kong calls it when it meets the flag.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	if err := programVersion().print(app.Stdout); err != nil {
		return err
	}
	app.Exit(0)
	return nil
}

// version describes a build of the program.
type version struct {
	Version  string `json:"version"`            // of the module; "(devel)" if the build does not know it
	Revision string `json:"revision,omitempty"` // of the version control system; empty if the build does not know it
	Time     string `json:"time,omitempty"`     // of the revision
	Modified bool   `json:"modified"`           // built with changes that are not in the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// programVersion returns the version of this program.
func programVersion() version {
	info, ok := debug.ReadBuildInfo()
	if !ok { // built without modules
		info = &debug.BuildInfo{GoVersion: runtime.Version(), Main: debug.Module{Version: "(devel)"}}
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) version {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	return version{
		Version: info.Main.Version, Go: info.GoVersion, Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Revision: settings["vcs.revision"], Time: settings["vcs.time"], Modified: settings["vcs.modified"] == "true",
	}
}

// print prints the version on one line.
func (v version) print(to io.Writer) error {
	revision := ""
	if v.Revision != "" {
		revision = " revision " + v.Revision
	}
	if v.Modified {
		revision += " (modified)"
	}
	_, err := fmt.Fprintf(to, "%s %s%s %s %s\n", programName, v.Version, revision, v.Go, v.Platform)
	return err
}
