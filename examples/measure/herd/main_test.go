package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThePictureIsOneSVGOfBothCounts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "herd.svg")
	if err := draw(counts{Clients: 3, Lost: []int{3, 1, 0}, Start: []int{1, 0, 1, 1}}, file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "get their server back", "start at once", "</svg>"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
}
