package licensefile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/seatbeat/seatbeat/server/license"
)

const (
	// Extension is the extension of licence files. In a directory only files with it are loaded.
	Extension = ".lic"
	// MaxFiles is how many files can be loaded at a time.
	MaxFiles = 1000
)

// File is a licence and where it was found.
type File struct {
	Path    string
	License license.License
}

// Set is what several licence files add up to.
type Set struct {
	// Files are the licences in force, in the order in which they were named. Of copies only the first is listed.
	Files []File
	// Future are licences that have not started. A server that has loaded their features brings them into force by itself.
	Future []File
	// Inactive are licences that grant nothing now, for logging: expired ones, and future ones whose share scope conflicts
	// with an active licence. Reload once the latter become valid.
	Inactive []*RefusedError
}

// Features returns all features of the set, for the server's Config.Features and SetFeatures: those of each licence in
// force and of each future one. Of an expired licence it returns the features that no licence in force has, so that the
// leases still held of them end.
func (s Set) Features() []license.Feature {
	var features []license.Feature
	for _, f := range s.Files {
		features = append(features, f.License.Pools()...)
	}
	listed := make(map[string]bool, len(features))
	for _, f := range features {
		listed[f.Name] = true
	}
	for _, inactive := range s.Inactive {
		for _, f := range inactive.License.Pools() {
			if inactive.Reason == Expired && !listed[f.Name] {
				features, listed[f.Name] = append(features, f), true
			}
		}
	}
	for _, f := range s.Future {
		features = append(features, f.License.Pools()...)
	}
	return features
}

// loader adds licence files up.
type loader struct {
	known  []File // authentic licences, each serial once, to tell copies from conflicts
	shares map[string]share
	loaded Set
	faults []error
}

// share is the share scope of a feature, and the file that says so.
type share struct {
	license.Share
	path string
}

func (l *loader) add(path string, v Verifier) {
	file, err := ReadFile(path)
	if err != nil {
		l.faults = append(l.faults, err)
		return
	}
	granted, refused := v.open(file)
	if refused != nil {
		refused.Path = path
		granted = refused.License
	}
	if refused != nil && refused.Reason != Expired && refused.Reason != NotYetValid {
		l.faults = append(l.faults, refused)
		return
	}
	switch repeat, conflict := l.seen(File{Path: path, License: granted}); {
	case conflict != nil:
		l.faults = append(l.faults, conflict)
	case repeat:
	case refused != nil:
		l.loaded.Inactive = append(l.loaded.Inactive, refused)
	default:
		l.put(File{Path: path, License: granted})
	}
}

// put adds a licence that is in force.
func (l *loader) put(f File) {
	if fault := l.disagrees(f); fault != nil {
		l.faults = append(l.faults, fault)
		return
	}
	l.loaded.Files = append(l.loaded.Files, f)
}

// disagrees returns nil, or how the share scopes of a licence contradict an earlier licence: a server has one scope for
// each feature.
func (l *loader) disagrees(f File) *RefusedError {
	for _, feature := range f.License.Features {
		other, known := l.shares[feature.Name]
		if !known {
			l.shares[feature.Name] = share{Share: feature.Share, path: f.Path}
		} else if other.Share != feature.Share {
			refused := refuse(Conflict, "share of feature %q is %s, and in %s it is %s: ask the vendor for files that agree",
				feature.Name, feature.Share, other.path, other.Share)
			refused.Path, refused.License = f.Path, f.License
			return refused
		}
	}
	return nil
}

// seen reports whether a licence is a copy of an earlier one. When it has the serial of an earlier one and other
// contents, seen returns the conflict.
func (l *loader) seen(f File) (repeat bool, conflict error) {
	i := slices.IndexFunc(l.known, func(k File) bool {
		return k.License.Vendor == f.License.Vendor && k.License.Serial == f.License.Serial
	})
	if i < 0 {
		l.known = append(l.known, f)
		return false, nil
	}
	if sameContents(l.known[i].License, f.License) {
		return true, nil
	}
	refused := refuse(Conflict, "%s has the same serial %s of %s with other contents: keep the one that the vendor says is right",
		l.known[i].Path, f.License.Serial, f.License.Vendor)
	refused.Path, refused.License = f.Path, f.License
	return false, refused
}

func sameContents(a, b license.License) bool {
	one, err1 := Contents(a).MarshalJSON()
	other, err2 := Contents(b).MarshalJSON()
	return err1 == nil && err2 == nil && bytes.Equal(one, other)
}

// set returns what the files add up to, or all faults joined.
func (l *loader) set() (Set, error) {
	if len(l.faults) == 0 && len(l.loaded.Files) == 0 {
		for _, inactive := range l.loaded.Inactive {
			l.faults = append(l.faults, inactive)
		}
	}
	if err := errors.Join(l.faults...); err != nil {
		return Set{}, fmt.Errorf("load licences: %w", err)
	}
	for _, inactive := range l.loaded.Inactive {
		if inactive.Reason == Expired { // Features may list its features, too
			_ = l.disagrees(File{Path: inactive.Path, License: inactive.License})
		}
	}
	l.loaded.Inactive = slices.DeleteFunc(l.loaded.Inactive, l.activatesLater)
	return l.loaded, nil
}

// activatesLater moves a licence that has not started to the future ones, unless its share scopes contradict another
// licence. It reports whether it did.
func (l *loader) activatesLater(inactive *RefusedError) bool {
	if inactive.Reason != NotYetValid {
		return false
	}
	f := File{Path: inactive.Path, License: inactive.License}
	if fault := l.disagrees(f); fault != nil {
		inactive.Message += "; reload then, since by now its " + fault.Message
		return false
	}
	l.loaded.Future = append(l.loaded.Future, f)
	return true
}

// list returns the files that paths name, in that order, those of a directory by name.
func list(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		inside, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		before := len(files)
		for _, entry := range inside {
			if filepath.Ext(entry.Name()) == Extension {
				files = append(files, filepath.Join(path, entry.Name()))
			}
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s has no file that ends in %s: put the vendor's file there", path, Extension)
		}
	}
	if len(files) == 0 || len(files) > MaxFiles {
		return nil, fmt.Errorf("%d files are named: must be 1 to %d", len(files), MaxFiles)
	}
	return files, nil
}
