package archtest

import (
	"os"
	"os/exec"
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A program that embeds the runtime imports actors, whatever its transport is. The file is compiled by itself, since
// compiling all that the package imports for another platform takes long.
func TestTheBuildIsRefusedOn32Bits(t *testing.T) {
	for _, folder := range []string{"actors", "transport/grpctransport"} {
		for platform, refused := range map[string]bool{"386": true, "arm": true, "amd64": false, "arm64": false} {
			build := exec.CommandContext(t.Context(), "go", "vet", path.Join(root, folder, "platform.go"))
			build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+platform, "CGO_ENABLED=0")
			out, err := build.CombinedOutput()
			assert.Equal(t, refused, err != nil, "%s for %s: %s", folder, platform, out)
			if refused {
				assert.Contains(t, string(out), "seatbeatNeedsA64BitPlatform", "%s for %s", folder, platform)
			}
		}
	}
}
