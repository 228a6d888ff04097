package main

import (
	"errors"
	"reflect"

	"github.com/alecthomas/kong"
)

// pathType is the type tag of flags and arguments that name a file or a folder.
const pathType = "path"

// pathMapper decodes flags of type path as kong does, into absolute paths. It refuses an empty value, which kong takes for
// the working directory: most often a variable of a shell script is not set.
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
