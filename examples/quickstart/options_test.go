package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
)

func TestWithoutFlagsThePlayIsMeant(t *testing.T) {
	o, err := parse(nil)
	require.NoError(t, err)
	assert.False(t, o.holds())
}

func TestFlagsSayWhatToHoldAndWhere(t *testing.T) {
	o, err := parse(strings.Fields("-servers lic1:6200,[::1]:6201 -servers lic3:6200 -feature cad:2.1:3 -feature render:1 -feature f2 " +
		"-ca ca.pem -cert me.pem -key me.key -attempts 3 -interval 5s -json -fast -default-exit"))
	require.NoError(t, err)
	assert.Equal(t, options{
		json: true, fast: true, defaultExit: true,
		servers: []transport.Address{"lic1:6200", "[::1]:6201", "lic3:6200"},
		features: []messages.Checkout{
			{Feature: "cad", Version: messages.V(2, 1), Count: 3}, {Feature: "render", Version: messages.V(1, 0)}, {Feature: "f2"},
		},
		ca: "ca.pem", cert: "me.pem", key: "me.key", attempts: 3, interval: 5 * time.Second,
	}, o)
}

func TestAFaultyFlagIsNamedWithWhatIsExpected(t *testing.T) {
	for _, c := range []struct{ args, flag, expected string }{
		{"-nonsense", "-nonsense", "not defined"},
		{"lic1:6200", `"lic1:6200"`, "all arguments are flags"},
		{"-servers", "-servers", "needs an argument"},
		{"-servers lic1", "-servers", "lic1:6200"},
		{"-servers :6200", "-servers", "host:port"},
		{"-servers lic1:0", "-servers", "host:port"},
		{"-servers lic1:x", "-servers", "host:port"},
		{"-servers lic1:1,lic1:1", "-servers", "each server once"},
		{"-servers lic1:1 -insecure", "-feature", "name:version:count"},
		{"-feature cad:x:1", "-feature", "name:version:count"},
		{"-feature cad:1.x:1", "-feature", "name:version:count"},
		{"-feature cad:1.0:0", "-feature", "a number from 1"},
		{"-feature cad:1.0:1000001", "-feature", "1000000"},
		{"-feature :1.0:1", "-feature", "name the feature"},
		{"-attempts 0", "-attempts", "from 1"},
		{"-interval 5", "-interval", "30s"},
		{"-interval -1s", "-interval", "from 1s"},
		{"-interval 999ms", "-interval", "from 1s"},
		{"-feature cad", "-feature", "-servers"},
		{"-insecure", "-insecure", "-servers"},
		{"-servers lic1:1 -feature cad", "-cert and -key", "-insecure"},
		{"-servers lic1:1 -feature cad -cert me.pem", "-cert and -key", "PEM"},
		{"-servers lic1:1 -feature cad -insecure -ca ca.pem", "-insecure", "choose one"},
	} {
		_, err := parse(strings.Fields(c.args))
		require.ErrorContains(t, err, c.flag, c.args)
		assert.ErrorContains(t, err, c.expected, c.args)
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := parse(strings.Fields("-servers lic1:1 more"))
	require.Error(t, err)
	for _, part := range []string{`"more"`, "-feature", "-cert and -key"} {
		assert.ErrorContains(t, err, part)
	}
}

func TestHelpIsNoFault(t *testing.T) {
	_, err := parse([]string{"-help"})
	assert.ErrorIs(t, err, flag.ErrHelp)
}

func TestHelpTellsOfEveryFlag(t *testing.T) {
	for _, name := range []string{
		"json", "fast", "default-exit", "servers", "feature", "ca", "cert", "key", "insecure", "interval", "attempts", "help",
	} {
		assert.Contains(t, help, "-"+name+" ")
	}
}

func TestUnusableCertificatesAreNamed(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	files := writeCerts(t)

	o := options{cert: empty, key: files.key}
	_, err := o.transport()
	require.ErrorContains(t, err, "-cert "+empty)

	o = options{cert: files.cert, key: files.key, ca: empty}
	_, err = o.transport()
	require.ErrorContains(t, err, "-ca "+empty)
	assert.ErrorContains(t, err, "it contains no certificate")
}
