package connection

import "github.com/seatbeat/seatbeat/actors/protocol"

// tellBatch groups consecutive features that get the same message, so that they share one value. In a burst this saves
// 200 bytes for each feature.
type tellBatch struct{ all []protocol.TellAll }

// next begins with another message.
func (b *tellBatch) next(in protocol.Input) { b.all = append(b.all, protocol.TellAll{In: in}) }

// add adds a feature that gets the message.
func (b *tellBatch) add(f *protocol.Member) {
	last := &b.all[len(b.all)-1]
	last.To = append(last.To, f)
}
