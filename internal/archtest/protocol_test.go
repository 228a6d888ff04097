package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// protoactor's package actor is in package protocol for one type alone: messages name the actor to send to.
func TestProtocolUsesNothingOfProtoactorButPID(t *testing.T) {
	uses := 0
	for name, file := range parseFolder(t, "actors/protocol") {
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "actor" {
				uses++
				assert.Equal(t, "PID", selector.Sel.Name, name)
			}
			return true
		})
	}
	assert.Positive(t, uses)
}

// parseFolder returns the Go files of a folder by name, those of tests left out.
func parseFolder(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files[filepath.Base(name)] = file
	}
	return files
}
