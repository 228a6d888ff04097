package main

import (
	"context"
	"time"
)

// contender is one way to hold features.
type contender struct {
	name    string
	holders int // how many features are taken at the same time
	// serve starts the server. It returns a function that counts the bytes on the wire up to now, and one that stops it.
	serve func(setup) (count func() int64, stop func() error, err error)
	// connect makes a client that will hold a number of features.
	connect func(context.Context, setup, int) (holder, error)
}

// holder is the client of a contender. Its methods are safe for concurrent use.
type holder interface {
	// hold takes feature i, and keeps it until close. Each feature is held once.
	hold(ctx context.Context, i int) error
	// checkout takes a seat for one of the callers and returns it. The result is the time that the taking took.
	checkout(ctx context.Context, caller int) (time.Duration, error)
	// beats counts the acknowledged heartbeats up to now, one for each feature.
	beats() int64
	// bytes counts the bytes on the wire up to now. It is 0 if the server counts them.
	bytes() int64
	// heldSince counts the features that are held and had a heartbeat acknowledged since a time.
	heldSince(time.Time) int
	close()
}

// holders is how many checkouts fit into a batch of seatbeat.
const holders = 1024

const (
	seatbeatName = "seatbeat"
	byHandName   = "by-hand"
	etcdName     = "etcd"
)

// contenders begins with the one that the others are compared with.
var contenders = []contender{
	{seatbeatName, holders, serveSeats, connectSeatbeat},
	{byHandName, holders, serveSeats, connectByHand},
	{etcdName, etcdHolders, serveEtcd, connectEtcd},
}

// contenderOf returns the contender with this name, nil if there is none.
func contenderOf(name string) *contender {
	for i := range contenders {
		if contenders[i].name == name {
			return &contenders[i]
		}
	}
	return nil
}

// names returns the names of all contenders.
func names() []string { return []string{seatbeatName, byHandName, etcdName} }
