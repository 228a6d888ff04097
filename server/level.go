package server

import "github.com/seatbeat/seatbeat/messages"

// level is a version as a number that compares as versions do.
type level uint32

func levelOf(v messages.Version) level { return levelAt(uint16(v.Major), uint16(v.Minor)) }

func levelAt(major, minor uint16) level { return level(major)<<16 | level(minor) }

func (l level) version() messages.Version { return messages.V(int(l.major()), int(l.minor())) }

func (l level) major() uint16 { return uint16(l >> 16) }
func (l level) minor() uint16 { return uint16(l & 0xffff) }

// serves reports whether a block of this version may grant what is asked for.
func (l level) serves(want level, exact bool) bool { return l == want || !exact && want < l }
