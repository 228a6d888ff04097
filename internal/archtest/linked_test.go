package archtest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heavy are the modules that a vendor's signing tool, and whoever tests the allocator, must not link.
var heavy = []string{"google.golang.org/grpc", "go.etcd.io/bbolt", "go.opentelemetry.io"}

// TestSomePackagesLinkNoServer claims that some packages need neither gRPC nor a database nor telemetry, through whatever
// packages: what a vendor signs licences with, and the allocator.
func TestSomePackagesLinkNoServer(t *testing.T) {
	for _, folder := range []string{"server/license", "server/licensefile", "server/ledger", "internal/seats"} {
		linked := dependenciesOf(t, folder)
		require.Contains(t, linked, module+"/messages", "go list tells nothing of %s", folder)
		for _, dependency := range linked {
			for _, m := range heavy {
				assert.False(t, strings.HasPrefix(dependency, m), "%s links %s", folder, dependency)
			}
		}
	}
}

// dependenciesOf returns all packages that the package in a folder links, without those of its tests.
func dependenciesOf(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"/"+folder).Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}
