// Package licensefile reads and signs the files that say what a licence server may grant. The values in them are those
// of package license.
//
//	set, err := licensefile.Verifier{
//		Keys:     []licensefile.PublicKey{vendor},
//		ServerID: srv.Identity().ServerID,
//		Now:      srv.LicenseTime(),
//	}.Load("/etc/seatbeat/licenses")
//	...
//	err = srv.SetFeatures(ctx, set.Features())
//
// It depends on no server, so that a vendor's signing tool links neither gRPC nor a database.
//
// # The file
//
// A licence file is one line of text of at most 64 KB: a PASETO token of type v4.public.
//
//	v4.public.<contents and signature>.<footer>
//
// Both parts are base64url. The signature is Ed25519 over the contents and the footer. The beginning of the file fixes
// that algorithm, and no other beginning is accepted: nothing in a file chooses how the file is checked. The footer is a
// JSON object that names the signing key, so that a server may trust several vendors and a vendor may change keys:
//
//	{"kid":"k4.pid.<hash of the public key>"}
//
// The contents are a JSON object. Fields marked optional may be left out, all others are required:
//
//	format               the number 1
//	serial               the vendor's name of this licence
//	vendor, customer     who granted the licence to whom
//	server               optional: the ServerID of the only server that may use the licence
//	issued               when the licence was signed
//	starts               optional: when the licence comes into force; otherwise at once
//	expires              optional: when the licence expires, with all of its features; otherwise never
//	features             a list of objects, at least one:
//	  name               what a checkout asks for
//	  version            the highest version served, as text: "2.10"
//	  seats              a whole number
//	  overdraft          optional: seats granted beyond seats, marked as overdrawn, a whole number; otherwise none
//	  share              optional: whose leases hold one seat together: none, user, host or share; otherwise none
//	  expires            optional: when this feature expires
//
// Times are text, in UTC and in whole seconds: "2030-12-31T23:00:00Z". A file is refused as a whole when anything in it
// is unknown, occurs twice, is spelt in other letters, is null, is out of bounds or has a space inside the token. Nothing
// in a file names a program, a file or an address.
//
// # Checks, in this order
//
// Size, form, signing key and signature come first, contents, server and time only after them. A refusal has a [Reason]
// and says what to do next. The caller supplies the time, because a server remembers more than a wall clock that was set
// back.
//
// # Several files
//
// Seats of several files add up, also those of one feature, each with its own version and expiry; only the share must be
// the same everywhere. A copy counts once: vendor and serial identify a licence. [Verifier.Load] says what one faulty
// file does to the others.
//
// # Keys
//
// A key is one line of text in a file, beside comment lines that begin with "#". [WriteKeys] makes a pair. The secret key
// signs; keep it away from servers and customers. The public key is given to servers.
package licensefile
