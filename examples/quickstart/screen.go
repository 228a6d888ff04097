package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	// lastWords is how long a program that is told to end still waits for a reader who does not read.
	lastWords = 2 * time.Second
	// lastWord is how long it waits for each further text.
	lastWord = 100 * time.Millisecond
)

// errReaderGone ends a program whose output nobody will read any more, as in "quickstart | head -3".
var errReaderGone = errors.New("the reader of the output has gone")

// screen prints to a file on a goroutine of its own: a pipe that nobody reads blocks whoever prints, but no heartbeat, and
// the end of the program for lastWords at most.
type screen struct {
	file  *os.File
	fail  context.CancelCauseFunc // called with the reason why the file cannot be written to
	texts chan string             // to the goroutine
	late  chan struct{}           // closed lastWords after the program was told to end
	done  chan struct{}           // closed by close
	ended chan struct{}           // closed when the goroutine has ended
}

// newScreen returns a screen for a program that ends when ctx does. When the file cannot be written to, fail is called:
// with errReaderGone if the file is a pipe without a reader.
func newScreen(ctx context.Context, file *os.File, fail context.CancelCauseFunc) *screen {
	s := &screen{
		file: file, fail: fail, texts: make(chan string),
		late: make(chan struct{}), done: make(chan struct{}), ended: make(chan struct{}),
	}
	context.AfterFunc(ctx, func() { time.AfterFunc(lastWords, func() { close(s.late) }) })
	go s.run()
	return s
}

// run is the goroutine.
func (s *screen) run() {
	defer close(s.ended)
	for {
		select {
		case text := <-s.texts:
			if _, err := s.file.WriteString(text); err != nil {
				s.fail(s.explain(err))
				return
			}
		case <-s.done:
			return
		}
	}
}

// explain returns errReaderGone for the error of a pipe: a pipe fails only when its reader has gone.
func (s *screen) explain(err error) error {
	info, statErr := s.file.Stat()
	if errors.Is(err, syscall.EPIPE) || statErr == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return errReaderGone
	}
	return fmt.Errorf("print: %w", err)
}

// print prints a text. It is safe for concurrent use, and blocks while a reader does not read.
func (s *screen) print(text string) {
	select {
	case s.texts <- text:
	case <-s.ended:
	case <-s.late:
		select {
		case s.texts <- text:
		case <-s.ended:
		case <-time.After(lastWord):
		}
	}
}

// close waits until all is printed, for lastWords at most. Nothing is printed afterwards.
func (s *screen) close() {
	close(s.done)
	select {
	case <-s.ended:
	case <-time.After(lastWords):
	}
}
