package seats

import "github.com/seatbeat/seatbeat/messages"

// versionKey is a version as a number that compares as versions do.
type versionKey uint32

func versionKeyOf(v messages.Version) versionKey {
	return versionKeyAt(uint16(v.Major), uint16(v.Minor))
}

func versionKeyAt(major, minor uint16) versionKey { return versionKey(major)<<16 | versionKey(minor) }

func (k versionKey) version() messages.Version { return messages.V(int(k.major()), int(k.minor())) }

func (k versionKey) major() uint16 { return uint16(k >> 16) }
func (k versionKey) minor() uint16 { return uint16(k & 0xffff) }

// serves reports whether a block of version k may grant a checkout of version want.
func (k versionKey) serves(want versionKey, exact bool) bool {
	return k == want || !exact && want < k
}
