package transport

import "time"

// Certified is implemented by a Transport that proves the client to servers with a certificate. The runtime asks at its start
// and then every hour, and publishes messages.CertificateExpiring when the end is near or there is a fault.
type Certified interface {
	// Certificate returns when the client's certificate expires, zero when there is none; and why a newer certificate could
	// not be read, nil when nothing is wrong. It may read files.
	Certificate() (expires time.Time, fault error)
}
