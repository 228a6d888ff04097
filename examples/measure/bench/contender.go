package main

import (
	"context"
	"time"
)

// contender is one way to hold features.
type contender struct {
	name    string
	holders int // how many features are taken at a time at first
	// serve starts the server of a setup. It returns how many bytes it exchanged with clients up to now, and its end.
	serve func(setup) (count func() int64, stop func() error, err error)
	// connect makes the client, which will hold so many features.
	connect func(context.Context, setup, int) (holder, error)
}

// holder is the client of a contender. Its methods are safe for concurrent use.
type holder interface {
	// hold takes feature i, and keeps it until close. Each feature is held once.
	hold(ctx context.Context, i int) error
	// checkout takes a seat for one of the callers, and returns it. It tells how long taking it took.
	checkout(ctx context.Context, caller int) (time.Duration, error)
	// beats is how many features were beaten, and acknowledged, up to now.
	beats() int64
	// bytes is how many were exchanged with the server up to now; 0 if the server counts them.
	bytes() int64
	// heldSince is how many features the server has acknowledged since a time, and are held.
	heldSince(time.Time) int
	close()
}

// holders are as many as a batch of our protocol has room for.
const holders = 1024

const (
	seatbeatName = "seatbeat"
	byHandName   = "by-hand"
	etcdName     = "etcd"
)

// contenders, the one first that the others are compared with.
var contenders = []contender{
	{seatbeatName, holders, serveSeats, connectSeatbeat},
	{byHandName, holders, serveSeats, connectByHand},
	{etcdName, etcdHolders, serveEtcd, connectEtcd},
}

// contenderOf returns the contender with a name, nil if there is none.
func contenderOf(name string) *contender {
	for i := range contenders {
		if contenders[i].name == name {
			return &contenders[i]
		}
	}
	return nil
}

// names returns those of all contenders.
func names() []string { return []string{seatbeatName, byHandName, etcdName} }
