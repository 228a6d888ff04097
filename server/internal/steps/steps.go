// Package steps lets tests look on while a server works, from outside of its package too: those that end a process at a
// named step of a commit.
package steps

// Reached is what ledgers made from then on tell each step of a commit to. A test sets it before it makes any; nothing
// else does, so that in a program it is nil and nobody is told.
var Reached func(step string)
