package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vendorFiles are the paths of a key pair and a licence.
type vendorFiles struct{ secret, public, license string }

// vendor makes a key pair and signs a licence from a template.
func vendor(t *testing.T, template string) vendorFiles {
	t.Helper()
	name := filepath.Join(t.TempDir(), "vendor")
	f := vendorFiles{secret: name + ".secret", public: name + ".public", license: name + ".lic"}
	require.NoError(t, os.WriteFile(name+".yaml", []byte(template), 0o600))
	require.Zero(t, runProgram(t, nil, "keygen", "--out", name).status)
	signed := runProgram(t, nil, "sign", "--template", name+".yaml", "--secret-key", f.secret, "--out", f.license)
	require.Zero(t, signed.status, signed.errors)
	return f
}

const boundTemplate = `
serial: A-7
vendor: Example Software
customer: Customer Ltd.
server: S1
features: [{name: f1, version: 2.10, seats: 5}]
`

func TestTheExampleTemplateIsSignedAndInspected(t *testing.T) {
	example := runProgram(t, nil, "sign", "--example")
	require.Zero(t, example.status)
	files := vendor(t, example.out)
	found := runProgram(t, nil, "inspect", files.license, "--trust", files.public)
	require.Zero(t, found.status, found.errors)
	for _, line := range []string{
		"signature  valid", "valid      yes", "vendor     Example Software", "server     any",
		"f2       2.10     100    10         user   2030-07-01T00:00:00Z",
	} {
		assert.Contains(t, found.out, line)
	}
}

func TestInspectWithoutAKeyChecksNothingAndSaysSo(t *testing.T) {
	found := runProgram(t, nil, "inspect", vendor(t, boundTemplate).license)
	assert.Zero(t, found.status)
	assert.Contains(t, found.out, "signature  NOT CHECKED: anybody may have written what follows")
	assert.Contains(t, found.out, "valid      not checked")
	assert.Contains(t, found.out, "serial     A-7")
}

func TestInspectPrintsWhyALicenceIsRefused(t *testing.T) {
	files, other := vendor(t, boundTemplate), vendor(t, boundTemplate)
	whole, err := os.ReadFile(files.license)
	require.NoError(t, err)
	damaged := filepath.Join(t.TempDir(), "damaged.lic")
	require.NoError(t, os.WriteFile(damaged, []byte(strings.Replace(string(whole), "v4.public.ey", "v4.public.eX", 1)), 0o600))
	for says, args := range map[string][]string{
		"refused: wrong key: ":    {files.license, "--trust", other.public},
		"refused: other server: ": {files.license, "--trust", files.public, "--server-id", "S2"},
		"refused: malformed: ":    {files.public},
		"it is the secret key":    {files.license, "--trust", files.secret},
		"damaged.lic refused: ":   {damaged, "--trust", files.public},
		"no such file":            {files.license + "x"},
	} {
		found := runProgram(t, nil, append([]string{"inspect"}, args...)...)
		assert.Equal(t, exitFailed, found.status, says)
		assert.Contains(t, found.errors, says)
	}
}

func TestInspectPrintsJSON(t *testing.T) {
	files := vendor(t, boundTemplate)
	for server, want := range map[string]string{
		"S1": `{"signature": "valid", "valid": true}`,
		"S2": `{"signature": "valid", "valid": false, "reason": "other server"}`,
	} {
		found := runProgram(t, nil, "inspect", files.license, "--trust", files.public, "--server-id", server, "--json")
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(found.out), &got))
		contents := got["license"].(map[string]any)
		assert.Equal(t, "A-7", contents["serial"])
		delete(got, "license")
		delete(got, "message")
		delete(got, "path")
		delete(got, "key_id")
		text, err := json.Marshal(got)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(text))
	}
}

func TestSignRefusesFaultyTemplatesAndOverwritesNothing(t *testing.T) {
	files := vendor(t, boundTemplate)
	template := filepath.Join(t.TempDir(), "t.yaml")
	require.NoError(t, os.WriteFile(template, []byte(boundTemplate+"colour: red\n"), 0o600))
	faulty := runProgram(t, nil, "sign", "--template", template, "--secret-key", files.secret)
	assert.Equal(t, exitFailed, faulty.status)
	assert.Contains(t, faulty.errors, "colour is not known")

	require.NoError(t, os.WriteFile(template, []byte(boundTemplate), 0o600))
	again := runProgram(t, nil, "sign", "--template", template, "--secret-key", files.secret, "--out", files.license)
	assert.Equal(t, exitFailed, again.status)
	assert.Contains(t, again.errors, "is there already and is not overwritten")
	assert.Equal(t, exitFailed, runProgram(t, nil, "keygen", "--out", strings.TrimSuffix(files.secret, ".secret")).status)
}

func TestSignWritesToStandardOutputWithoutOut(t *testing.T) {
	files := vendor(t, boundTemplate)
	template := filepath.Join(t.TempDir(), "t.yaml")
	require.NoError(t, os.WriteFile(template, []byte(boundTemplate), 0o600))
	signed := runProgram(t, nil, "sign", "--template", template, "--secret-key", files.secret)
	require.Zero(t, signed.status, signed.errors)
	assert.True(t, strings.HasPrefix(signed.out, "v4.public.") && strings.Count(signed.out, "\n") == 1, signed.out)
}

func TestCommandsOfVendorsSayWhatIsMissing(t *testing.T) {
	for _, args := range [][]string{{"keygen"}, {"sign"}, {"sign", "--template", "t.yaml"}, {"inspect"}} {
		assert.Equal(t, exitUsage, runProgram(t, nil, args...).status, "%s", args)
	}
}
