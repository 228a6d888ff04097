// Package wire is the protocol between the clients of seatbeat and its licence server: seatbeat.proto, the code
// generated from it, and the bounds that both sides agree on.
//
// The package has no behaviour. [github.com/seatbeat/seatbeat/transport/grpctransport] is the client, and
// [github.com/seatbeat/seatbeat/server] the server. Each converts between these messages and its own values, and checks
// every message that it gets.
//
// To regenerate the code, install protoc and the two plugins that generate.go names, then run
//
//	go generate ./transport/wire
package wire
