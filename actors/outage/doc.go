// Package outage counts how often servers go down and come back, and says when that was too often (docs/rules.md,
// section 3). Whoever restarts a server again and again can run more copies of a program than there are seats.
//
// [Counter] is the machine of the outage actor. It decides at once, from memory. What other processes saw of a server
// comes later, from the [Store], and corrects the count. [Merge] makes one record of two views of a server's outages.
package outage
