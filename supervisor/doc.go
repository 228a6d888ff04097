// Package supervisor is what a service imports to hold floating licences: it checks features out of licence servers, keeps
// them alive by heartbeats, recognises restarts, reconnects, fails over, and gives up cleanly.
//
//	rt, err := supervisor.Start(ctx, supervisor.Config{ ... })
//	license, err := rt.Checkout(ctx, messages.Checkout{Feature: "f2", Version: messages.V(1, 0)})
//	...
//	<-license.Done() // the license is gone; license.Err says why
//
// A [Runtime] is a tree of actors; nothing of it runs on the goroutines of the service, and nothing of the service runs in
// it: callbacks and subscribers have goroutines of their own and may be slow, hang or panic.
package supervisor
