package main

import (
	"fmt"
	"log/slog"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/license"
	"github.com/seatbeat/seatbeat/server/licensefile"
)

// licenseFlags name the licences of the server.
type licenseFlags struct {
	License []string `help:"Licence file, or folder of files that end in .lic. May be repeated: the seats of all licences add up." type:"path" placeholder:"FILE" group:"licences"`
	Trust   []string `help:"Public key file of a vendor whose licences are accepted. May be repeated." type:"path" placeholder:"FILE" group:"licences"`
}

// licenses returns the files that the flags name.
func (f licenseFlags) licenses() (licenseSource, error) {
	if len(f.License) == 0 || len(f.Trust) == 0 {
		return nil, usageErrorf("--license and --trust are both required: name the licence files and the public key file that came from the vendor")
	}
	return licenseFiles{paths: f.License, keys: f.Trust}, nil
}

// licenseSource provides the features that a server may grant. A server asks it again on each reload.
type licenseSource interface {
	// load returns the features that are licensed to a server, and logs which licences grant them.
	load(srv *server.Server, log *slog.Logger) ([]license.Feature, error)
}

// fixedLicense is a licenseSource that never changes.
type fixedLicense []license.Feature

func (f fixedLicense) load(*server.Server, *slog.Logger) ([]license.Feature, error) { return f, nil }

// licenseFiles is a licenseSource of signed files, and of key files of the vendors whose signatures are accepted.
type licenseFiles struct {
	paths, keys []string
}

func (f licenseFiles) load(srv *server.Server, log *slog.Logger) ([]license.Feature, error) {
	keys, err := readTrustedKeys(f.keys)
	if err != nil {
		return nil, err
	}
	set, err := licensefile.Verifier{Keys: keys, ServerID: srv.Identity().ServerID, Now: srv.LicenseTime()}.Load(f.paths...)
	if err != nil {
		return nil, fmt.Errorf("--license: %w", err)
	}
	for _, file := range set.Files {
		log.Info("licence in force", "file", file.Path, "vendor", file.License.Vendor, "serial", file.License.Serial,
			"features", len(file.License.Features))
	}
	for _, file := range set.Future {
		log.Info("licence is valid later", "starts", file.License.Starts, "file", file.Path, "vendor", file.License.Vendor,
			"serial", file.License.Serial, "features", len(file.License.Features))
	}
	for _, inactive := range set.Inactive {
		log.Warn("licence is not in force", "file", inactive.Path, "reason", inactive.Reason.String(), "error", inactive)
	}
	return set.Features(), nil
}

// readTrustedKeys reads the public key files of vendors.
func readTrustedKeys(paths []string) ([]licensefile.PublicKey, error) {
	var keys []licensefile.PublicKey
	for _, path := range paths {
		key, err := licensefile.ReadPublicKey(path)
		if err != nil {
			return nil, fmt.Errorf("--trust: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
