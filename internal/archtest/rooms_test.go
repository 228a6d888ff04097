package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A reader who has opened the file of a type has seen everything that the type does.
func TestMethodsStandInTheFileOfTheirType(t *testing.T) {
	for _, p := range loadPackages(t) {
		for _, found := range p.methodsElsewhere() {
			assert.Fail(t, "a method stands in another file than its type", "%s: %s", found.position, found.key)
		}
	}
}

// A reader who asks who changes a field has to read the methods of its type, and nothing else.
func TestFieldsAreWrittenByMethodsOfTheirType(t *testing.T) {
	packages := loadPackages(t)
	state := typesWithState(packages)
	for _, p := range packages {
		for _, found := range p.foreignWrites(state) {
			assert.Fail(t, "a field is written by a function that is no method of its type", "%s: %s", found.position, found.key)
		}
	}
}

func TestTheRulesOfRoomsAreNoticedWhenBroken(t *testing.T) {
	p := checkSource(t, map[string]string{
		"type.go": `package rooms
			type counter struct{ n int; seen map[string]bool }
			func (c *counter) add() { c.n++ }
			func newCounter() *counter { c := &counter{}; c.n = 1; return c }
			type point struct{ x int }
			func (p *point) show() int { return p.x }
			type board struct{ at point; c counter }
			func (b *board) move() { b.at.x++ }
			func reset(b *board) { b.at.x = 0 }
			func skip(c *counter) { c.n += 2 }
			func mark(c *counter) { c.seen["a"] = true }
			func forget(c *counter) { delete(c.seen, "a") }
			func leak(c *counter) *int { return &c.n }
			func part(b *board) *counter { return &b.c }
			func free(p *point) { p.x = 1 }
			func (b *board) cheat() { b.c.n = 7 }
			func local() { var c counter; c.n = 1; use(c) }
			func use(counter) {}`,
		"other.go": `package rooms
			func (c *counter) elsewhere() {}`,
	})
	var split, writes []string
	for _, f := range p.methodsElsewhere() {
		split = append(split, f.key)
	}
	for _, f := range p.foreignWrites(typesWithState([]*checkedPackage{p})) {
		writes = append(writes, f.key)
	}
	assert.Equal(t, []string{"rooms.counter"}, split)
	assert.ElementsMatch(t, []string{
		"rooms.reset writes board.at",
		"rooms.skip writes counter.n",
		"rooms.mark writes counter.seen",
		"rooms.forget writes counter.seen",
		"rooms.leak writes counter.n",
		"rooms.board.cheat writes counter.n",
	}, writes)
}

// finding is a place where a rule is broken.
type finding struct {
	position token.Position
	key      string
}

// methodsElsewhere returns the methods that are declared in another file than their type, each under the name of the type.
func (p *checkedPackage) methodsElsewhere() (found []finding) {
	for _, file := range p.files {
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil {
				continue
			}
			owner := namedType(p.info.TypeOf(method.Recv.List[0].Type))
			if home, here := p.fileOf(owner.Obj().Pos()), p.fileOf(method.Pos()); home != here {
				found = append(found, finding{p.fset.Position(method.Pos()), p.path + "." + owner.Obj().Name()})
			}
		}
	}
	return found
}

// typesWithState returns the types, by their full names, one of whose methods assigns to one of its fields. All others are
// plain values.
func typesWithState(packages []*checkedPackage) map[string]bool {
	state := map[string]bool{}
	for _, p := range packages {
		for function, written := range p.writes() {
			receiver := p.receiverOf(function)
			_, address := written.(*ast.UnaryExpr)
			if receiver == nil || address || !p.hasPointer(function) { // a method of a value changes a copy of it
				continue
			}
			for owner := range p.owners(written) {
				if fullName(owner) == fullName(receiver) {
					state[fullName(owner)] = true
				}
			}
		}
	}
	return state
}

// foreignWrites returns the places where a function changes a field of a type with state, and is neither a method of that
// type nor one that returns it, as a constructor does. What a function writes to a value of its own is free, and what is
// written to a part of a plain value is written to whatever holds that.
func (p *checkedPackage) foreignWrites(state map[string]bool) (found []finding) {
	for function, written := range p.writes() {
		for owner, field := range p.owners(written) {
			if !state[fullName(owner)] {
				continue
			}
			if !p.mayWrite(function, owner) && !p.isOwnCopy(written) && !p.isAddressOfState(written, state) {
				key := p.path + "." + p.nameOf(function) + " writes " + owner.Obj().Name() + "." + field
				found = append(found, finding{p.fset.Position(written.Pos()), key})
			}
			break
		}
	}
	return found
}

// writes returns each expression that a function assigns to or takes the address of, with the function.
func (p *checkedPackage) writes() iter.Seq2[*ast.FuncDecl, ast.Expr] {
	return func(yield func(*ast.FuncDecl, ast.Expr) bool) {
		for _, file := range p.files {
			for _, decl := range file.Decls {
				function, ok := decl.(*ast.FuncDecl)
				if !ok || function.Body == nil {
					continue
				}
				for _, written := range writtenExpressions(function.Body) {
					if !yield(function, written) {
						return
					}
				}
			}
		}
	}
}

// writtenExpressions returns what a function assigns to, counts up or down, takes the address of, or deletes from.
func writtenExpressions(body *ast.BlockStmt) (written []ast.Expr) {
	ast.Inspect(body, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.AssignStmt:
			written = append(written, n.Lhs...)
		case *ast.IncDecStmt:
			written = append(written, n.X)
		case *ast.RangeStmt:
			written = append(written, n.Key, n.Value)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				written = append(written, n)
			}
		case *ast.CallExpr:
			if called, ok := n.Fun.(*ast.Ident); ok && (called.Name == "delete" || called.Name == "clear") {
				written = append(written, n.Args[0])
			}
		}
		return true
	})
	return written
}

// owners returns the structs that an expression is a part of, from the innermost to the outermost, with the field of each.
func (p *checkedPackage) owners(written ast.Expr) iter.Seq2[*types.Named, string] {
	return func(yield func(*types.Named, string) bool) {
		for {
			switch x := written.(type) {
			case *ast.UnaryExpr:
				written = x.X
			case *ast.ParenExpr:
				written = x.X
			case *ast.IndexExpr:
				written = x.X
			case *ast.StarExpr:
				written = x.X
			case *ast.SelectorExpr:
				selection := p.info.Selections[x]
				if selection == nil || selection.Kind() != types.FieldVal {
					return
				}
				if owner := declaringType(selection); owner != nil && !yield(owner, x.Sel.Name) {
					return
				}
				written = x.X
			default:
				return
			}
		}
	}
}

// isAddressOfState reports whether an expression is the address of a part that has state itself: only the methods of that
// part's type write to it.
func (p *checkedPackage) isAddressOfState(written ast.Expr, state map[string]bool) bool {
	address, ok := written.(*ast.UnaryExpr)
	if !ok {
		return false
	}
	part := namedType(p.info.TypeOf(address.X))
	return part != nil && state[fullName(part)]
}

// isOwnCopy reports whether an expression is a part of a value that a variable of the function holds itself, as when a
// function fills in a value before it hands it on.
func (p *checkedPackage) isOwnCopy(written ast.Expr) bool {
	for {
		switch x := written.(type) {
		case *ast.UnaryExpr:
			written = x.X
		case *ast.SelectorExpr:
			if _, pointer := p.info.TypeOf(x.X).Underlying().(*types.Pointer); pointer {
				return false
			}
			written = x.X
		case *ast.Ident:
			variable, ok := p.info.ObjectOf(x).(*types.Var)
			return ok && variable.Parent() != variable.Pkg().Scope()
		default:
			return false
		}
	}
}

// declaringType returns the struct that declares the selected field, which may be embedded in the one that is written to.
func declaringType(selection *types.Selection) *types.Named {
	at := selection.Recv()
	for _, index := range selection.Index()[:len(selection.Index())-1] {
		at = structOf(at).Field(index).Type()
	}
	return namedType(at)
}

// mayWrite reports whether a function is a method of the type, or makes one.
func (p *checkedPackage) mayWrite(function *ast.FuncDecl, owner *types.Named) bool {
	if receiver := p.receiverOf(function); receiver != nil && fullName(receiver) == fullName(owner) {
		return true
	}
	signature := p.info.Defs[function.Name].Type().(*types.Signature)
	for result := range signature.Results().Variables() {
		if made := namedType(result.Type()); made != nil && fullName(made) == fullName(owner) {
			return true
		}
	}
	return false
}

// receiverOf returns the type that a function is a method of; nil if it is none.
func (p *checkedPackage) receiverOf(function *ast.FuncDecl) *types.Named {
	if function.Recv == nil {
		return nil
	}
	return namedType(p.info.TypeOf(function.Recv.List[0].Type))
}

// hasPointer reports whether the receiver of a method is a pointer.
func (p *checkedPackage) hasPointer(method *ast.FuncDecl) bool {
	_, pointer := p.info.TypeOf(method.Recv.List[0].Type).(*types.Pointer)
	return pointer
}

func (p *checkedPackage) nameOf(function *ast.FuncDecl) string {
	if receiver := p.receiverOf(function); receiver != nil {
		return receiver.Obj().Name() + "." + function.Name.Name
	}
	return function.Name.Name
}

// fullName tells types apart that were checked in one package and imported into another.
func fullName(t *types.Named) string { return types.TypeString(t.Origin().Obj().Type(), nil) }

func (p *checkedPackage) fileOf(pos token.Pos) string {
	return filepath.Base(p.fset.Position(pos).Filename)
}

// namedType returns the named type of a value or of a pointer to one; nil if it has no name.
func namedType(t types.Type) *types.Named {
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok {
		t = pointer.Elem()
	}
	named, _ := types.Unalias(t).(*types.Named)
	return named
}

func structOf(t types.Type) *types.Struct {
	if pointer, ok := types.Unalias(t).Underlying().(*types.Pointer); ok {
		t = pointer.Elem()
	}
	return t.Underlying().(*types.Struct)
}
