// Package grpcapi is the licence server as its clients see it: it identifies the caller, turns messages into values and
// back, and has the engine decide.
package grpcapi
