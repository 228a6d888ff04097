package licensefile

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// writeJSON writes a part of a template as JSON, so that templates and files have one strict reader. A name that occurs
// twice still does, for the reader to refuse. A value that is no whole number becomes text as it is written, so that
// version 2.10 does not become 2.1.
func writeJSON(out *bytes.Buffer, node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		return writeObject(out, node.Content)
	case yaml.SequenceNode:
		return writeList(out, node.Content)
	case yaml.ScalarNode:
		return writeScalar(out, node)
	default:
		return fmt.Errorf("line %d has an alias: write the value itself", node.Line) // aliases of aliases can expand a short text without bound
	}
}

func writeObject(out *bytes.Buffer, content []*yaml.Node) error {
	out.WriteByte('{')
	for i := 0; i+1 < len(content); i += 2 { // name, value, name, value
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeText(out, content[i].Value); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := writeJSON(out, content[i+1]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func writeList(out *bytes.Buffer, content []*yaml.Node) error {
	out.WriteByte('[')
	for i, item := range content {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeJSON(out, item); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

func writeScalar(out *bytes.Buffer, node *yaml.Node) error {
	switch tag := node.ShortTag(); {
	case tag == "!!null":
		out.WriteString("null")
	case tag == "!!int" && json.Valid([]byte(node.Value)):
		out.WriteString(node.Value)
	default:
		return writeText(out, node.Value)
	}
	return nil
}

func writeText(out *bytes.Buffer, text string) error {
	quoted, err := json.Marshal(text)
	out.Write(quoted)
	return err
}
