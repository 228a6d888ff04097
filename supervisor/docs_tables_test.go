package supervisor

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// defaults are what the code makes of zero, for comparison with what the comments say. Those of Restarts are tested
// beside them, in actors/protocol.
func defaults() map[string]any {
	zero := Config{}.settings()
	return map[string]any{
		"Heartbeat.Attempts":       zero.Attempts,
		"Heartbeat.Interval":       zero.Interval,
		"Heartbeat.FailoverRounds": zero.FailoverRounds,
		"DownLimit.Max":            zero.DownMax,
		"DownLimit.Window":         zero.DownWindow,
		"ConnectTimeout":           zero.ConnectTimeout,
	}
}

// renderOptions returns a table of the fields of Config, from their comments.
func renderOptions(t *testing.T) string {
	t.Helper()
	types := structsOf(t, "*.go", "../actors/protocol/*.go")
	rows := optionRows(t, types, "Config", "")
	return "| option | default | what it is |\n| --- | --- | --- |\n" + strings.Join(rows, "\n") + "\n"
}

// optionRows returns one row for each option of a struct and of the structs in it.
func optionRows(t *testing.T, types map[string]structType, name, prefix string) (rows []string) {
	t.Helper()
	for _, field := range types[name].Fields.List {
		for _, ident := range field.Names {
			if !ident.IsExported() {
				continue
			}
			option := prefix + ident.Name
			if inner, ok := field.Type.(*ast.Ident); ok && types[inner.Name].StructType != nil {
				rows = append(rows, optionRows(t, types, inner.Name, option+".")...)
				continue
			}
			rows = append(rows, optionRow(t, option, field, types[name].doc))
		}
	}
	return rows
}

func optionRow(t *testing.T, option string, field *ast.Field, parent string) string {
	t.Helper()
	doc := oneLine(field.Doc.Text() + field.Comment.Text())
	value := defaultIn(doc, field.Type)
	require.NotEmpty(t, value, "the comment of %s does not tell its default, as in: Default 2m", option)
	if code, ok := defaults()[option]; ok {
		assert.Equal(t, fmt.Sprint(code), asCode(value), "the default that the comment of %s tells", option)
	} else if !strings.HasPrefix(option, "Restarts.") {
		assert.NotRegexp(t, `^\d`, value, "the default of %s has to be compared with the code, too: see defaults", option)
	}
	return fmt.Sprintf("| `%s` | %s | %s |", option, value, whatIs(t, doc, field, parent))
}

var (
	theDefault = regexp.MustCompile(`(\w+), the default`)
	defaultIs  = regexp.MustCompile(`[Dd]efault:? ([^;.,]+)`)
)

// defaultIn returns the default that a comment tells, "" if it tells none.
func defaultIn(doc string, kind ast.Expr) string {
	_, isFunc := kind.(*ast.FuncType)
	switch {
	case strings.Contains(doc, "Required"):
		return "required"
	case strings.Contains(doc, "Off by default"):
		return "off"
	case theDefault.MatchString(doc):
		return theDefault.FindStringSubmatch(doc)[1]
	case defaultIs.MatchString(doc):
		return defaultIs.FindStringSubmatch(doc)[1]
	case isFunc || strings.Contains(doc, "Nil"):
		return "nil"
	default:
		return ""
	}
}

// asCode returns a default as the code prints it: "2m" is 2m0s.
func asCode(value string) string {
	if d, err := time.ParseDuration(value); err == nil && value != "0" {
		return d.String()
	}
	return value
}

// whatIs returns what an option's comment says, with the values of the bounds that it names. Without a comment it is what
// the type says, or the first sentence of the struct's comment.
func whatIs(t *testing.T, doc string, field *ast.Field, parent string) string {
	t.Helper()
	if f, ok := field.Type.(*ast.FuncType); ok && doc == "" {
		return "called with each `" + f.Params.List[0].Type.(*ast.SelectorExpr).Sel.Name + "`"
	}
	text, _, _ := strings.Cut(doc, "; default")
	if strings.HasPrefix(text, "default:") {
		text = firstSentence(parent)
	}
	text = leadingName.ReplaceAllString(text, "")
	return strings.TrimSuffix(namedBound.ReplaceAllStringFunc(text, func(name string) string {
		value, known := bounds[name]
		require.True(t, known, "the value of %s: add it to bounds", name)
		return fmt.Sprintf("`%s` (%s)", name, strings.TrimSuffix(fmt.Sprint(value), "0m0s"))
	}), ".")
}

// leadingName is how a comment begins: with the name of the field.
var leadingName = regexp.MustCompile(`^[A-Z]\w+ (is )?`)

// namedBound matches the names of bounds in comments, as in "at most MaxInterval".
var namedBound = regexp.MustCompile(`\bM(ax|in)[A-Z]\w+`)

var bounds = map[string]any{
	"MaxServers": MaxServers, "MaxAttempts": MaxAttempts, "MaxInterval": MaxInterval, "MaxOutages": MaxOutages, "MaxWindow": MaxWindow,
	"MinInterval": MinInterval, "MinConnectTimeout": MinConnectTimeout, "MinPause": MinPause,
}

// renderEvents returns a table of the events in package messages, from their comments.
func renderEvents(t *testing.T) string {
	t.Helper()
	callbacks := map[string]string{}
	for _, field := range structsOf(t, "callbacks.go")["Callbacks"].Fields.List {
		event := field.Type.(*ast.FuncType).Params.List[0].Type.(*ast.SelectorExpr).Sel.Name
		callbacks[event] = "`" + field.Names[0].Name + "`"
	}
	var rows strings.Builder
	rows.WriteString("| event | callback | published when | carries |\n| --- | --- | --- | --- |\n")
	for _, declaration := range parse(t, "../messages/event.go").Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			if event := spec.(*ast.TypeSpec); isEvent(t, event.Name.Name) {
				_, when, _ := strings.Cut(oneLine(event.Doc.Text()), ": ")
				require.NotEmpty(t, when, "the comment of %s does not say when it is published", event.Name.Name)
				fmt.Fprintf(&rows, "| `%s` | %s | %s | %s |\n", event.Name.Name, callbacks[event.Name.Name], when, carried(event))
			}
		}
	}
	return rows.String()
}

// isEvent reports whether a type of package messages has the method that makes it an event.
func isEvent(t *testing.T, name string) bool {
	t.Helper()
	for _, declaration := range parse(t, "../messages/event.go").Decls {
		method, ok := declaration.(*ast.FuncDecl)
		if ok && method.Name.Name == "isEvent" && method.Recv.List[0].Type.(*ast.Ident).Name == name {
			return true
		}
	}
	return false
}

func carried(event *ast.TypeSpec) string {
	var names []string
	for _, field := range event.Type.(*ast.StructType).Fields.List {
		if len(field.Names) == 0 {
			names = append(names, field.Type.(*ast.Ident).Name)
		}
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return strings.Join(names, ", ")
}

// structType is a struct in the source, with the comment of its type.
type structType struct {
	*ast.StructType
	doc string
}

// structsOf returns the structs of some files by their names; the first of a name counts.
func structsOf(t *testing.T, patterns ...string) map[string]structType {
	t.Helper()
	types := map[string]structType{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				addStructs(types, parse(t, file))
			}
		}
	}
	return types
}

func addStructs(types map[string]structType, file *ast.File) {
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			name := spec.(*ast.TypeSpec).Name.Name
			s, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
			if _, known := types[name]; ok && !known {
				types[name] = structType{s, oneLine(group.Doc.Text())}
			}
		}
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	require.NoError(t, err)
	return parsed
}

// oneLine returns a comment as one line that does not break a table.
func oneLine(comment string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(comment), " "), "|", `\|`)
}

// firstSentence returns it without its full stop.
func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(sentence, ".")
}
