// Bench compares ways to hold many licences at once, on the machine at hand: this runtime, what people write by hand, and
// the leases of etcd. It writes a table of what each costs and how that grows; see the package's help.
//
// The licence server and its client run as two processes, which are this program again under the flag -role, so that the
// operating system counts the processor time of each side. The program has a module of its own: what we are compared with
// is no dependency of ours.
package main
