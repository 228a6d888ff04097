package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/transporttest/conformance"
)

var update = flag.Bool("update", false, "write the list of promises into docs/transports.md")

const manual = "../../../docs/transports.md"

func TestTheManualListsEveryPromise(t *testing.T) {
	const begin, end = "<!-- promises:begin -->\n", "<!-- promises:end -->"
	text, err := os.ReadFile(manual)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(text), begin)
	require.True(t, found, "%s has no %s", manual, begin)
	list, tail, found := strings.Cut(rest, end)
	require.True(t, found, "%s has no %s", manual, end)
	if *update {
		require.NoError(t, os.WriteFile(manual, []byte(head+begin+promiseList()+end+tail), 0o644))
		return
	}
	assert.Equal(t, promiseList(), list, "update it with: go test ./transport/transporttest/conformance -run Manual -update")
}

// promiseList returns the promises as a Markdown list for each chapter.
func promiseList() string {
	var list strings.Builder
	last := ""
	conformance.EachPromise(func(chapter, promise string) {
		if chapter != last {
			fmt.Fprintf(&list, "\n**%s**\n\n", chapter)
			last = chapter
		}
		fmt.Fprintf(&list, "- `%s`\n", promise)
	})
	return list.String() + "\n"
}
