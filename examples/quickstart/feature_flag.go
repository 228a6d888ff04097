package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seatbeat/seatbeat/messages"
)

// parseFeature reads "name:version:count"; the count, or version and count, may be left out.
func parseFeature(text string) (c messages.Checkout, err error) {
	name, rest, _ := strings.Cut(text, ":")
	version, count, counted := strings.Cut(rest, ":")
	c.Feature = name
	if c.Version, err = parseVersion(version); err != nil {
		return c, err
	}
	if !counted {
		return c, nil
	}
	if c.Count, err = strconv.Atoi(count); err != nil || c.Count < 1 {
		return c, fmt.Errorf("the count %q is not a number from 1", count)
	}
	return c, nil
}

// parseVersion reads "major.minor" or "major". No version is 0.0, which every licence serves.
func parseVersion(text string) (v messages.Version, err error) {
	if text == "" {
		return v, nil
	}
	major, minor, hasMinor := strings.Cut(text, ".")
	if v.Major, err = strconv.Atoi(major); err == nil && hasMinor {
		v.Minor, err = strconv.Atoi(minor)
	}
	if err != nil {
		return v, fmt.Errorf("the version %q is not major.minor", text)
	}
	return v, nil
}
