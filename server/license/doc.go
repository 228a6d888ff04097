// Package license reads and signs the files that say what a licence server may grant.
//
//	set, err := license.Verifier{
//		Keys:     []license.PublicKey{vendor},
//		ServerID: srv.Identity().ServerID,
//		Now:      srv.LicenseTime(),
//	}.Load("/etc/seatbeatd/licenses")
//	...
//	err = srv.SetFeatures(ctx, set.Features())
//
// # The file
//
// A licence file is one line of text, of at most 64 KB: a PASETO token of the kind v4.public.
//
//	v4.public.<contents and signature>.<footer>
//
// Both parts are base64url. The signature is Ed25519 over the contents and the footer. That algorithm follows from the
// beginning, which is the only one accepted: nothing in a file chooses how it is checked. The footer is a JSON object
// that names the signing key, so that a server may trust several vendors, and a vendor may change keys:
//
//	{"kid":"k4.pid.<hash of the public key>"}
//
// The contents are a JSON object. What is marked optional may be left out, all else is required:
//
//	format               the number 1
//	serial               the vendor's name of this licence
//	vendor, customer     who gave it to whom
//	server               optional: the ServerID of the server that alone may use it
//	issued               when it was signed
//	starts               optional: when it begins to be valid; otherwise at once
//	expires              optional: when it ends to be valid, with all of its features; otherwise never
//	features             a list of objects, at least one:
//	  name               what a checkout asks for
//	  version            the highest version served, as text: "2.10"
//	  seats              a whole number
//	  overdraft          optional: seats granted past these, marked as such, a whole number; otherwise none
//	  share              optional: whose leases hold one seat together: none, user, host or share; otherwise none
//	  expires            optional: when this feature ends
//
// Times are text, in UTC and whole seconds: "2030-12-31T23:00:00Z". A file with anything else in it is refused as a
// whole: a field that is not known or occurs twice, in other letters, null, out of bounds, a space inside. Nothing in a
// file names a program, a file or an address.
//
// # Checks, in this order
//
// Size, form, signing key, signature; only then contents, server and time. What fails is refused with a [Reason] and
// with what to do next. The time is the caller's: a server knows better than a wall clock that was set back.
//
// # Several files
//
// Seats of several files add up, also those of one feature, each with its own version and expiry; only its share must be
// the same everywhere. A copy counts once: vendor and serial name a licence. See [Verifier.Load] for what one faulty file does to the others.
//
// # Keys
//
// A key is one line of text in a file, with lines of comment that begin with "#". [WriteKeys] makes a pair. The secret one signs,
// and belongs neither to a server nor to a customer; the public one is given to servers.
package license
