package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersionNamesModuleRevisionAndGo(t *testing.T) {
	v := versionOf(&debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123abcd"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "true"},
	}})
	assert.Equal(t, version{
		Version: "v1.2.3", Revision: "0123abcd", Time: "2026-01-02T03:04:05Z", Modified: true, Go: "go1.99", Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}, v)
	var out strings.Builder
	require.NoError(t, v.print(&out))
	assert.Equal(t, "seatbeatd v1.2.3 revision 0123abcd (modified) go1.99 "+v.Platform+"\n", out.String())
}

func TestVersionOfABuildWithoutVersionControlHasNoRevision(t *testing.T) {
	var out strings.Builder
	require.NoError(t, versionOf(&debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"}}).print(&out))
	assert.True(t, strings.HasPrefix(out.String(), "seatbeatd v1.2.3 go1.99 "), out.String())
}

func TestVersionIsPrintedByCommandAndFlag(t *testing.T) {
	command, flag, text := runProgram(t, nil, "version"), runProgram(t, nil, "--version"), runProgram(t, nil, "version", "--json")
	for _, r := range []result{command, flag, text} {
		require.Equal(t, 0, r.status, r.errors)
	}
	assert.Equal(t, command.out, flag.out)
	assert.Contains(t, command.out, " "+runtime.Version()+" ")
	var got version
	require.NoError(t, json.Unmarshal([]byte(text.out), &got))
	assert.Equal(t, runtime.Version(), got.Go)
}

func TestAVariableForTheVersionOfAnImageIsNoFlag(t *testing.T) {
	r := runProgram(t, []string{"SEATBEATD_VERSION=1.2.3"}, "check", "--ledger", "none")
	assert.Equal(t, exitFailed, r.status)
	assert.Contains(t, r.errors, "check ledger")
}
