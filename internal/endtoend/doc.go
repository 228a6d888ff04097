// Package endtoend has the tests that need whole programs: real processes, a real server over loopback, real time. Their
// assertions do not depend on the speed of the machine.
package endtoend
