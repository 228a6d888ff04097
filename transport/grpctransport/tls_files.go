package grpctransport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatbeat/seatbeat/internal/tlsfiles"
)

// TLSFiles are the PEM files with which a client authenticates itself and its servers.
type TLSFiles struct {
	// Cert is the client's certificate, with the intermediate certificates up to its authority. Key is its private key.
	// Set both or neither; a server of seatbeat serves only clients that have one.
	Cert, Key string
	// CA has the authorities of the servers. Empty means the system's roots.
	CA string
}

// refreshWait is how long a handshake waits for a look at the files at most. A disk that hangs leaves it with what was
// read before.
const refreshWait = time.Second

// TLS is a client's certificate and the authorities of its servers, as they were last read from files: see [LoadTLS]. Its
// methods are safe for concurrent use.
type TLS struct {
	files   TLSFiles
	current atomic.Pointer[tlsState]

	mu      sync.Mutex    // guards the fields below
	looking chan struct{} // closed when the look at the files that is under way has ended; nil: none is
	fault   error         // of the latest look
}

// tlsState is the result of one reading of the files.
type tlsState struct {
	config *tls.Config
	stamps [3]stamp
}

// stamp tells a file's versions apart.
type stamp struct {
	modified time.Time
	size     int64
}

// LoadTLS reads the files, for [Config.Files]. From then on each connection that begins looks whether the files have changed,
// and uses the new ones: a certificate that is renewed in its place needs no restart. It must keep its name: a server
// knows a client by the name in its certificate, and refuses the leases of the old name as another client's
// until they have expired, which takes up to three client timeouts.
//
// An error names the wrong file and says what the file must be.
func LoadTLS(files TLSFiles) (*TLS, error) {
	t := &TLS{files: files}
	if err := t.Reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// Reload reads the files anew, changed or not. It blocks for as long as the disk does. An error changes nothing.
func (t *TLS) Reload() error {
	state, err := t.files.load(time.Now())
	if err != nil {
		err = fmt.Errorf("load TLS files: %w", err)
	} else {
		t.current.Store(state)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fault = err
	return err
}

// Expires returns when the client's certificate expires; zero if it has none.
func (t *TLS) Expires() time.Time {
	certificates := t.current.Load().config.Certificates
	if len(certificates) == 0 {
		return time.Time{}
	}
	return certificates[0].Leaf.NotAfter
}

// Fault returns why the files could not be read when they were last looked at; nil if they could. Until the files can
// be read, the last good result is used.
func (t *TLS) Fault() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fault
}

// latest checks whether the files have changed, and returns the configuration to use. It waits at most refreshWait.
func (t *TLS) latest() *tls.Config {
	timer := time.NewTimer(refreshWait)
	defer timer.Stop()
	select {
	case <-t.look():
	case <-timer.C:
	}
	return t.current.Load().config
}

// look begins a look at the files, or joins the one that is under way.
func (t *TLS) look() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.looking == nil {
		ended := make(chan struct{})
		t.looking = ended
		go func() {
			defer t.looked(ended)
			if stamps, err := t.files.stamps(); err != nil || stamps != t.current.Load().stamps {
				_ = t.Reload() // its error is kept
			}
		}()
	}
	return t.looking
}

func (t *TLS) looked(ended chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looking = nil
	close(ended)
}

func (f TLSFiles) load(now time.Time) (*tlsState, error) {
	stamps, err := f.stamps() // before reading: what changes meanwhile is read again
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if (f.Cert == "") != (f.Key == "") {
		return nil, errors.New("name both Cert and Key, or neither")
	}
	if f.Cert != "" {
		cert, err := tlsfiles.Certificate(f.Cert, f.Key, tlsfiles.Client, now)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{cert}
	}
	if f.CA != "" {
		if config.RootCAs, err = tlsfiles.Authorities(f.CA, "servers"); err != nil {
			return nil, err
		}
	}
	return &tlsState{config: config, stamps: stamps}, nil
}

func (f TLSFiles) stamps() (stamps [3]stamp, err error) {
	for i, file := range []string{f.Cert, f.Key, f.CA} {
		if file == "" {
			continue
		}
		info, err := os.Stat(file)
		if err != nil {
			return stamps, err
		}
		stamps[i] = stamp{info.ModTime(), info.Size()}
	}
	return stamps, nil
}
