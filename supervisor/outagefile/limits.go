package outagefile

import "time"

// Limits of the file.
const (
	// MaxWindow is how long an outage stays in the file, whatever the windows of the programs are, and so the longest
	// window that a program can count in. A program that learns late of an old restart can then tell that it is old.
	MaxWindow = 7 * 24 * time.Hour
	// KeptServers is how many servers remain in the file when it is rewritten: those that changed last. It is the length
	// of the longest search list.
	KeptServers = 64
)
