package actors

import "sync"

// goroutines are those of a runtime's exchanges. Unlike a bare sync.WaitGroup it may be asked for another one while it
// is being waited for: that one is refused.
type goroutines struct {
	mu     sync.Mutex // guards the field below
	closed bool
	wait   sync.WaitGroup
}

// Go starts one, and reports whether it did.
func (g *goroutines) Go(run func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.wait.Go(run)
	}
	return !g.closed
}

// close starts none any more and waits for those that run.
func (g *goroutines) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.wait.Wait()
}
