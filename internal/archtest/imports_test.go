package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module     = "github.com/seatbeat/seatbeat"
	protoactor = "github.com/asynkron/protoactor-go"
	root       = "../.."
)

// layer is what the packages of one folder may import besides the standard library. A name that ends in "/..." stands
// for the folder and all below it.
type layer struct {
	ours       []string
	protoactor bool     // its package actor: remote and cluster trust every peer, scheduler and router have races
	others     []string // module paths; "..." is any
}

// layers is the layout. A folder that is not listed has the layer of the nearest one above it.
var layers = map[string]layer{
	"messages":                {},
	"transport":               {ours: []string{"messages"}},
	"transport/wire":          {others: []string{"google.golang.org/..."}},
	"transport/grpctransport": {ours: []string{"messages", "transport", "transport/wire", "internal/faults", "internal/tlsfiles"}, others: []string{"..."}},
	"transport/transporttest": {ours: []string{"messages", "transport", "transport/transporttest/conformance"}},
	"transport/transporttest/conformance": {
		ours: []string{"messages", "transport"}, others: []string{"github.com/stretchr/testify/..."},
	},

	"actors":                 {ours: []string{"messages", "transport", "actors/...", "internal/fifo", "internal/hostcode", "internal/mailbox"}, protoactor: true},
	"actors/protocol":        {ours: []string{"messages", "transport"}, protoactor: true}, // for *actor.PID alone
	"actors/feature":         {ours: forMachines},
	"actors/heartbeat":       {ours: forMachines},
	"actors/connection":      {ours: forMachines},
	"actors/directory":       {ours: forMachines},
	"actors/outage":          {ours: forMachines},
	"actors/internal/script": {ours: forMachines, others: []string{"github.com/cockroachdb/datadriven"}},

	"supervisor":            {ours: []string{"messages", "transport", "actors", "actors/protocol", "actors/outage", "supervisor/outagefile", "internal/eventbus", "internal/faults", "internal/hostcode", "internal/logqueue"}, protoactor: true, others: []string{"..."}},
	"supervisor/outagefile": {ours: []string{"messages", "actors/outage", "internal/logqueue"}, others: []string{"github.com/gofrs/flock/..."}},

	"server": {ours: []string{"messages", "transport/wire", "server/...", "internal/seats", "internal/faults", "internal/tlsfiles", "internal/logqueue"}, others: []string{"..."}},
	"server/internal/engine": {
		ours: []string{"messages", "transport/wire", "internal/seats", "server/ledger", "server/license"},
	},
	"server/internal/grpcapi": {
		ours:   []string{"messages", "transport/wire", "internal/seats", "server/internal/engine", "server/ledger"},
		others: []string{"google.golang.org/..."},
	},
	"server/ledger":      {ours: []string{"messages", "server/license"}},
	"server/ledger/bolt": {ours: []string{"messages", "server/ledger", "server/license", "internal/failpoint"}, others: []string{"go.etcd.io/bbolt/..."}},
	"server/license":     {ours: []string{"messages", "internal/faults"}},
	"server/licensefile": {ours: []string{"messages", "server/license", "internal/faults"}, others: forLicenseFiles},

	"examples":                  {ours: forExamples, others: []string{"..."}},
	"examples/measure":          {ours: append(forExamples, "examples/measure/internal/..."), others: []string{"..."}}, // bench and herd are modules of their own, see dependencies_test.go
	"examples/measure/internal": {},
	"examples/internal":         {ours: []string{"examples/internal/..."}},
	"examples/protoactor":       {ours: forExamples, protoactor: true, others: []string{"..."}},

	"internal":        {},
	"internal/faults": {ours: []string{"messages"}},
	"internal/seats":  {ours: []string{"messages", "server/ledger", "server/license"}},
	"internal/testledger": {
		ours: []string{"messages", "server/ledger"}, others: []string{"github.com/stretchr/testify/..."},
	},
	"internal/logqueue": {ours: []string{"internal/fifo"}},
	"internal/mailbox":  {ours: []string{"internal/fifo"}, protoactor: true},
	"internal/endtoend": {ours: []string{"messages", "transport/...", "supervisor/...", "server/..."}, others: []string{"..."}},
	"internal/eventbus": {ours: []string{"messages", "internal/fifo"}},
	"internal/wiretap":  {ours: []string{"messages", "transport", "transport/transporttest"}},
}

// forMachines is what the pure machines below actors may import: no actor, no other machine.
var forMachines = []string{"messages", "transport", "actors/protocol"}

// forLicenseFiles is all that a vendor's signing tool links besides the standard library.
var forLicenseFiles = []string{"aidanwoods.dev/go-paseto", "golang.org/x/crypto/...", "go.yaml.in/yaml/v3"}

// forExamples is what is public, and what examples share among them.
var forExamples = []string{"messages", "transport/...", "actors", "supervisor/...", "server", "server/ledger/...", "server/license", "examples/internal/..."}

// inTests is what a test may import besides what its package may.
var inTests = layer{
	ours:       []string{"transport/transporttest/...", "server", "server/license", "server/ledger/...", "internal/testcert", "internal/testledger", "internal/wiretap", "internal/failpoint", "actors/internal/script"},
	protoactor: true, others: []string{"..."},
}

func TestPackagesImportOnlyWhatTheLayoutAllows(t *testing.T) {
	seen := map[string]bool{}
	for file, imports := range readImports(t) {
		folder := path.Dir(file)
		seen[folder] = true
		for _, imported := range imports {
			assert.True(t, allowed(file, imported), "%s imports %s", file, imported)
		}
	}
	for _, folder := range []string{"messages", "transport", "actors", "supervisor", "internal/archtest"} {
		assert.True(t, seen[folder], "no file of %s was read", folder)
	}
}

func TestLayoutTellsWrongArrowsFromRightOnes(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		want           bool
	}{
		{"messages/event.go", "fmt", true},
		{"messages/event.go", "net/http", true},
		{"messages/event.go", module + "/transport", false},
		{"messages/event.go", "github.com/google/uuid", false},
		{"messages/event.go", protoactor + "/actor", false},
		{"messages/event_test.go", "github.com/stretchr/testify/assert", true},
		{"transport/transport.go", module + "/messages", true},
		{"transport/transport.go", module + "/actors", false},
		{"transport/transport.go", protoactor + "/actor", false},
		{"transport/transporttest/network.go", module + "/transport", true},
		{"transport/transporttest/network.go", module + "/transport/wire", false},
		{"transport/transporttest/network.go", "github.com/stretchr/testify/assert", false},
		{"transport/transporttest/conformance/run.go", module + "/transport/transporttest", false},
		{"transport/grpctransport/session.go", "google.golang.org/grpc", true},
		{"transport/grpctransport/session.go", protoactor + "/actor", false},
		{"transport/grpctransport/session.go", module + "/internal/testcert", false},
		{"transport/grpctransport/session_test.go", module + "/internal/testcert", true},
		{"actors/feature_actor.go", protoactor + "/actor", true},
		{"actors/feature_actor.go", protoactor + "/remote", false},
		{"actors/feature.go", module + "/supervisor", false},
		{"actors/feature.go", module + "/transport/wire", false},
		{"actors/feature_test.go", module + "/transport/transporttest", true},
		{"actors/feature_test.go", module + "/supervisor", false},
		{"actors/feature_actor.go", module + "/actors/feature", true},
		{"actors/feature/machine.go", module + "/actors/protocol", true},
		{"actors/feature/machine.go", module + "/actors/connection", false},
		{"actors/feature/machine.go", module + "/actors", false},
		{"actors/feature/machine.go", protoactor + "/actor", false},
		{"actors/protocol/member.go", protoactor + "/actor", true},
		{"actors/protocol/member.go", module + "/actors/feature", false},
		{"supervisor/example_test.go", module + "/supervisor", true},
		{"supervisor/runtime.go", module + "/actors", true},
		{"supervisor/runtime.go", module + "/server", false},
		{"server/license/license.go", module + "/server", false},
		{"server/licensefile/load.go", module + "/server/license", true},
		{"server/licensefile/load.go", module + "/server", false},
		{"server/licensefile/load.go", module + "/transport/wire", false},
		{"internal/seats/allocator.go", module + "/server/ledger", true},
		{"internal/seats/allocator.go", module + "/server/ledger/bolt", false},
		{"internal/seats/allocator.go", module + "/transport/wire", false},
		{"server/internal/engine/engine.go", module + "/internal/seats", true},
		{"server/internal/engine/engine.go", module + "/server/ledger/bolt", false},
		{"server/internal/engine/engine.go", "google.golang.org/grpc", false},
		{"server/internal/grpcapi/service.go", module + "/server", false},
		{"server/ledger/ledger.go", module + "/internal/seats", false},
		{"server/cmd/seatbeatd/main.go", module + "/server", true},
		{"server/cmd/seatbeatd/main.go", module + "/server/licensefile", true},
		{"server/cmd/seatbeatd/main.go", module + "/supervisor", false},
		{"examples/quickstart/main.go", module + "/supervisor", true},
		{"examples/quickstart/main.go", module + "/internal/fifo", false},
		{"examples/quickstart/main.go", protoactor + "/actor", false},
		{"examples/protoactor/main.go", protoactor + "/actor", true},
		{"examples/measure/load/main.go", module + "/examples/internal/devcert", true},
		{"examples/measure/soak/soak.go", module + "/examples/measure/internal/role", true},
		{"examples/quickstart/main.go", module + "/examples/measure/internal/role", false},
		{"examples/measure/internal/role/role.go", module + "/messages", false},
		{"examples/measure/bench/etcd.go", "go.etcd.io/etcd/client/v3", true},
		{"examples/measure/bench/seatbeat.go", module + "/examples/internal/devcert", true},
		{"examples/measure/bench/seatbeat.go", module + "/internal/fifo", false},
		{"examples/internal/devcert/devcert.go", module + "/messages", false},
		{"server/server.go", module + "/examples/internal/devcert", false},
		{"elsewhere/new.go", "fmt", false},
	} {
		assert.Equal(t, c.want, allowed(c.file, c.imported), "%s imports %s", c.file, c.imported)
	}
}

// allowed reports whether a file, named by its path from the root, may import a package.
func allowed(file, imported string) bool {
	folder := path.Dir(file)
	layer, ok := layerOf(folder)
	if !ok {
		return false
	}
	if strings.HasSuffix(file, "_test.go") && (inTests.allows(imported) || imported == module+"/"+folder) {
		return true
	}
	return layer.allows(imported)
}

// layerOf returns the layer of a folder or of the nearest one above it.
func layerOf(folder string) (layer, bool) {
	for ; folder != "."; folder = path.Dir(folder) {
		if l, ok := layers[folder]; ok {
			return l, true
		}
	}
	return layer{}, false
}

func (l layer) allows(imported string) bool {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	switch {
	case isOurs:
		return matchesAny(l.ours, ours)
	case strings.HasPrefix(imported, protoactor):
		return l.protoactor && imported == protoactor+"/actor"
	case !strings.Contains(strings.Split(imported, "/")[0], "."):
		return true // the standard library: the first element of any other path is a host
	default:
		return matchesAny(l.others, imported)
	}
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		folder, below := strings.CutSuffix(pattern, "...")
		if !below {
			return name == pattern
		}
		return strings.HasPrefix(name+"/", folder)
	})
}

// readImports returns the imports of each Go file, by its path from the root.
func readImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && name != root
		if entry.IsDir() && (hidden || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || hidden || filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		imports[filepath.ToSlash(file)], err = importsOf(name)
		return err
	})
	require.NoError(t, err)
	return imports
}

func importsOf(name string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return nil, fmt.Errorf("read imports: %w", err)
	}
	var imports []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("read imports: %w", err)
		}
		imports = append(imports, imported)
	}
	return imports, nil
}
