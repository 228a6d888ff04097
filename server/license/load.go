package license

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/seatbeat/seatbeat/server"
)

const (
	// Extension is that of licence files. In a directory only files with it count.
	Extension = ".lic"
	// MaxFiles is how many files are loaded at a time.
	MaxFiles = 1000
)

// File is a licence and where it was found.
type File struct {
	Path    string
	License License
}

// Set is what several licence files add up to.
type Set struct {
	// Files are the licences in force, in the order they were named; of those with the same serial the first.
	Files []File
	// Later are licences whose time has not come: a server that has their features takes them into force by itself.
	Later []File
	// Idle are those that allow nothing, for the log: Expired ones, and of the NotYetValid ones those whose features have
	// another scope of sharing by now. They have to be loaded anew when their time has come.
	Idle []*RefusedError
}

// Features returns all features of the set, for [server.Config] and [server.Server.SetFeatures]: those of each licence
// in force or to come, and of expired ones those that none in force has, so that what is still held of them ends.
func (s Set) Features() []server.Feature {
	var features []server.Feature
	for _, f := range s.Files {
		features = append(features, f.License.Pools()...)
	}
	listed := make(map[string]bool, len(features))
	for _, f := range features {
		listed[f.Name] = true
	}
	for _, idle := range s.Idle {
		for _, f := range idle.License.Pools() {
			if idle.Reason == Expired && !listed[f.Name] {
				features, listed[f.Name] = append(features, f), true
			}
		}
	}
	for _, f := range s.Later {
		features = append(features, f.License.Pools()...)
	}
	return features
}

// Load reads licence files and adds them up. A path names a file, or a directory: then each file in it, not below it,
// with Extension. Two files with the same vendor, serial and contents count once.
//
// One file that is refused refuses them all, so that nobody overlooks it: the error joins a [*RefusedError] for each,
// and whatever kept a file from being read. But what was right once must not keep a server from starting: an Expired or
// NotYetValid file only allows nothing now, and is an error when no other is in force.
func (v Verifier) Load(paths ...string) (Set, error) {
	files, err := list(paths)
	if err != nil {
		return Set{}, fmt.Errorf("load licences: %w", err)
	}
	l := loader{shares: map[string]share{}}
	for _, path := range files {
		l.add(path, v)
	}
	return l.set()
}

// loader adds files up.
type loader struct {
	known  []File // authentic ones, each serial once, to tell repeats from conflicts
	shares map[string]share
	loaded Set
	faults []error
}

// share is whose leases hold one seat together, and the file that says so.
type share struct {
	server.Share
	path string
}

func (l *loader) add(path string, v Verifier) {
	file, err := ReadFile(path)
	if err != nil {
		l.faults = append(l.faults, err)
		return
	}
	license, refused := v.open(file)
	if refused != nil {
		refused.Path = path
		license = refused.License
	}
	if refused != nil && refused.Reason != Expired && refused.Reason != NotYetValid {
		l.faults = append(l.faults, refused)
		return
	}
	switch repeat, conflict := l.seen(File{Path: path, License: license}); {
	case conflict != nil:
		l.faults = append(l.faults, conflict)
	case repeat:
	case refused != nil:
		l.loaded.Idle = append(l.loaded.Idle, refused)
	default:
		l.put(File{Path: path, License: license})
	}
}

// put adds a licence in force.
func (l *loader) put(f File) {
	if fault := l.disagrees(f); fault != nil {
		l.faults = append(l.faults, fault)
		return
	}
	l.loaded.Files = append(l.loaded.Files, f)
}

// disagrees returns nil, or how a licence contradicts one before: a server has one scope of sharing for each feature.
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

// seen reports whether a licence is there already, or is another one that pretends to be it.
func (l *loader) seen(f File) (repeat bool, conflict error) {
	i := slices.IndexFunc(l.known, func(k File) bool {
		return k.License.Vendor == f.License.Vendor && k.License.Serial == f.License.Serial
	})
	if i < 0 {
		l.known = append(l.known, f)
		return false, nil
	}
	if same(l.known[i].License, f.License) {
		return true, nil
	}
	refused := refuse(Conflict, "%s has the same serial %s of %s with other contents: keep the one that the vendor says is right",
		l.known[i].Path, f.License.Serial, f.License.Vendor)
	refused.Path, refused.License = f.Path, f.License
	return false, refused
}

func same(a, b License) bool {
	one, err1 := a.MarshalJSON()
	other, err2 := b.MarshalJSON()
	return err1 == nil && err2 == nil && bytes.Equal(one, other)
}

func (l *loader) set() (Set, error) {
	if len(l.faults) == 0 && len(l.loaded.Files) == 0 {
		for _, idle := range l.loaded.Idle {
			l.faults = append(l.faults, idle)
		}
	}
	if err := errors.Join(l.faults...); err != nil {
		return Set{}, fmt.Errorf("load licences: %w", err)
	}
	for _, idle := range l.loaded.Idle {
		if idle.Reason == Expired { // its features may be listed, too
			_ = l.disagrees(File{Path: idle.Path, License: idle.License})
		}
	}
	l.loaded.Idle = slices.DeleteFunc(l.loaded.Idle, l.comesLater)
	return l.loaded, nil
}

// comesLater moves a licence whose time has not come to those that come into force by themselves, if it can.
func (l *loader) comesLater(idle *RefusedError) bool {
	if idle.Reason != NotYetValid {
		return false
	}
	f := File{Path: idle.Path, License: idle.License}
	if fault := l.disagrees(f); fault != nil {
		idle.Message += "; reload then, since by now its " + fault.Message
		return false
	}
	l.loaded.Later = append(l.loaded.Later, f)
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
