package eventbus

import "github.com/seatbeat/seatbeat/messages"

// newChannel returns a subscriber that sends its events to a channel, and that channel, which has room for buffer events.
// A send that nobody reads ends when the subscriber is abandoned.
func newChannel(b *Bus, bound, buffer int) (*subscriber, <-chan messages.Event) {
	events := make(chan messages.Event, min(max(buffer, 0), QueueBound))
	unread := make(chan struct{})
	send := func(e messages.Event) {
		select {
		case events <- e:
		case <-unread:
		}
	}
	s := newSubscriber(b, bound, send, func() { close(events) })
	s.unread = unread
	return s, events
}
