package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkedPackage is a package of ours with the types of its expressions. Tests and generated files are left out.
type checkedPackage struct {
	path  string // from the root of the module
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

// listedPackage is what the go command says of a package.
type listedPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// listPackages asks the go command for our packages and for all that they import, with the compiled types of each. One
// answer serves all tests of this package.
var listPackages = sync.OnceValues(func() ([]listedPackage, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", "./...")
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	var all []listedPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, p)
	}
})

// loadPackages returns all packages of our module, type-checked.
func loadPackages(t *testing.T) (checked []*checkedPackage) {
	t.Helper()
	listed, err := listPackages()
	require.NoError(t, err)
	exports := map[string]string{}
	for _, p := range listed {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range listed {
		if !isOurs(p.ImportPath) {
			continue
		}
		var files []*ast.File
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			require.NoError(t, err)
			files = append(files, file)
		}
		checked = append(checked, check(t, strings.TrimPrefix(p.ImportPath, module+"/"), p.ImportPath, fset, files, imports))
	}
	require.NotEmpty(t, checked)
	return checked
}

// checkSource type-checks files that import nothing, as a package of ours.
func checkSource(t *testing.T, sources map[string]string) *checkedPackage {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for name, source := range sources {
		file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	return check(t, "rooms", module+"/rooms", fset, files, nil)
}

func check(t *testing.T, path, importPath string, fset *token.FileSet, files []*ast.File, imports types.Importer) *checkedPackage {
	t.Helper()
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
	}
	_, err := (&types.Config{Importer: imports}).Check(importPath, fset, files, info)
	require.NoError(t, err)
	written := files[:0:0]
	for _, file := range files {
		if !ast.IsGenerated(file) {
			written = append(written, file)
		}
	}
	return &checkedPackage{path: path, fset: fset, files: written, info: info}
}

func isOurs(importPath string) bool { return strings.HasPrefix(importPath, module+"/") }
