// Package admin is the administration of a licence server, over HTTP with JSON on a listener of its own: status, leases,
// release, reload, backup, and metrics.
//
// Every request but GET /metrics needs the token, as "Authorization: Bearer TOKEN". The token is compared in constant
// time. A request without the right token gets the same answer for every path, so that it reveals nothing. /metrics needs
// no token because it names no clients: a metrics collector then holds no key to the seats. No request names a file, an
// address or a program.
//
// The listener must be on loopback; [Listen] refuses any other address. Nothing is encrypted: whoever can read the
// loopback traffic of a machine already administers it.
package admin
