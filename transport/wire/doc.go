// Package wire is the protocol between seatbeat's clients and its licence server: seatbeat.proto, the code generated
// from it, and the figures that both sides have to agree on.
//
// It holds no behaviour. The client's side of the conversation is
// [github.com/seatbeat/seatbeat/transport/grpctransport], the server's
// [github.com/seatbeat/seatbeat/server]; each has its own conversions between these messages and its own values, and
// takes nothing in a message for granted.
//
// To regenerate, install protoc and the two plugins named in generate.go, then run
//
//	go generate ./transport/wire
package wire
