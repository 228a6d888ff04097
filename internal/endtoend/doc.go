// Package endtoend has the tests that need whole programs: real processes, a real server over loopback, real time. What
// they claim does not depend on how fast the machine is.
package endtoend
