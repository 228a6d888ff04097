// Package supervisor is the package that a service imports to hold floating licences. It checks features out of licence
// servers, keeps them alive with heartbeats, recognises restarts, reconnects, fails over to other servers, and gives up in
// an orderly way.
//
//	rt, err := supervisor.Start(ctx, supervisor.Config{ ... })
//	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "f2", Version: messages.V(1, 0)})
//	...
//	<-license.Done() // the license is gone; license.Err says why
//
// A [Runtime] is a tree of actors. The actors never use the goroutines of the service, and code of the service never runs
// on theirs: each callback and subscriber has a goroutine of its own and may be slow, hang or panic.
//
// The rules that the runtime follows are in docs/rules.md; comments cite them by number.
package supervisor
