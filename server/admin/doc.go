// Package admin is the administration of a licence server over HTTP, on a listener of its own: status, holders, release,
// backup and reload, and metrics.
//
// Everything but /metrics wants the token, in "Authorization: Bearer ..."; it is compared in constant time, and who has
// none, a wrong one or an unknown path is answered alike. /metrics has no names of clients in it and wants no token, so
// that whatever collects metrics need not hold the key to all seats. No request names a file, an address or a program.
//
// The listener has to be on loopback; [Listen] refuses any other. What is there is not encrypted: whoever can read the
// machine's own traffic is its administrator already.
package admin
