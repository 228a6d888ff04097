package main

import (
	"errors"
	"reflect"

	"github.com/alecthomas/kong"
)

// pathType is the type tag of flags and arguments that name a file or a folder.
const pathType = "path"

// pathMapper decodes flags of type path as kong does, into absolute paths. An empty value is refused: it
// usually comes from an unset shell variable, and kong would take it for the working directory.
type pathMapper struct{ kong.Mapper }

func newPathMapper() pathMapper {
	return pathMapper{kong.NewRegistry().RegisterDefaults().ForNamedType(pathType, reflect.TypeFor[string]())}
}

// Decode reads the value of a flag.
func (m pathMapper) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Scan.Peek().Value == "" {
		return errors.New("is empty: must be a path")
	}
	return m.Mapper.Decode(ctx, target)
}
