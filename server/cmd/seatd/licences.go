package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/seatbeat/seatbeat/server"
	"github.com/seatbeat/seatbeat/server/licensefile"
)

// licences says what a server may grant. It can be asked again while the server serves.
type licences interface {
	// load returns the features that are in force on a server, and logs where they come from.
	load(srv *server.Server, log *slog.Logger) ([]server.Feature, error)
}

// fixedLicence is the same at all times.
type fixedLicence []server.Feature

func (f fixedLicence) load(*server.Server, *slog.Logger) ([]server.Feature, error) { return f, nil }

// licenceFiles are signed files, and files of the keys that count.
type licenceFiles struct {
	paths, keys []string
}

func (f licenceFiles) load(srv *server.Server, log *slog.Logger) ([]server.Feature, error) {
	keys, err := readTrusted(f.keys)
	if err != nil {
		return nil, fmt.Errorf("--trust: %w", err)
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
		log.Info("licence comes into force by itself", "at", file.License.Starts, "file", file.Path, "vendor", file.License.Vendor,
			"serial", file.License.Serial, "features", len(file.License.Features))
	}
	for _, idle := range set.Inactive {
		log.Warn("licence allows nothing now", "file", idle.Path, "reason", idle.Reason.String(), "error", idle)
	}
	return set.Features(), nil
}

// adopt makes the licences' features those of the server. An error changes nothing.
func (l *life) adopt(ctx context.Context) error {
	features, err := l.licences.load(l.srv, l.log)
	if err != nil {
		return err
	}
	return l.srv.SetFeatures(ctx, features)
}
