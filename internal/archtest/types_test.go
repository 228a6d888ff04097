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

// wholeTypes are the folders in which each type stands in one file, with all its methods: a type that needs a second file
// is two types.
var wholeTypes = []string{
	"actors", "actors/protocol", "actors/feature", "actors/heartbeat", "actors/connection", "actors/directory", "actors/outage",
	"internal/mailbox",
}

func TestEachTypeStandsInOneFileWithItsMethods(t *testing.T) {
	for _, folder := range wholeTypes {
		home := map[string]string{}    // of a type
		methods := map[string]string{} // by receiver and name
		for name, file := range parseFolder(t, folder) {
			for _, decl := range file.Decls {
				for _, declared := range typesOf(decl) {
					home[declared] = name
				}
				if receiver, method, ok := methodOf(decl); ok {
					methods[receiver+"."+method] = name
				}
			}
		}
		require.NotEmpty(t, home, folder)
		for method, file := range methods {
			receiver, _, _ := strings.Cut(method, ".")
			assert.Equal(t, home[receiver], file, "%s: the method %s", folder, method)
		}
	}
}

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

// typesOf returns the names of the types that a declaration declares.
func typesOf(decl ast.Decl) []string {
	var names []string
	if group, ok := decl.(*ast.GenDecl); ok {
		for _, spec := range group.Specs {
			if declared, ok := spec.(*ast.TypeSpec); ok {
				names = append(names, declared.Name.Name)
			}
		}
	}
	return names
}

// methodOf returns the receiver's type and the name of a method, false when the declaration is none.
func methodOf(decl ast.Decl) (receiver, name string, ok bool) {
	function, ok := decl.(*ast.FuncDecl)
	if !ok || function.Recv == nil {
		return "", "", false
	}
	of := function.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if generic, ok := of.(*ast.IndexExpr); ok {
		of = generic.X
	}
	return of.(*ast.Ident).Name, function.Name.Name, true
}
