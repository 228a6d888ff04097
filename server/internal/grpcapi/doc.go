// Package grpcapi is the gRPC service of the licence server: it identifies the caller, turns messages into values and
// back, and lets the engine decide.
package grpcapi
