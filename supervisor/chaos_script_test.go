package supervisor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// line is one line of a chaos script: a part of the setting, or one step. A script is text, so that a schedule that failed
// can be read, changed, kept and run again.
//
//	config attempts=3 interval=30s rounds=1 connect=5s enforce seed=7
//	server s1 addresses=2 timeout=1m
//	feature f1 count=2 version=1.0 exact local
//	feature f2 of=f1 count=1 wait
//	seats s1 f1 2
//	checkout f1 10s
//	pass 90s
//	down s1
type line struct {
	verb  string
	words []string
}

// parseScript returns the lines of a script without empty ones and comments, which begin with #.
func parseScript(text string) []line {
	var lines []line
	for row := range strings.Lines(text) {
		words := strings.Fields(row)
		if len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			lines = append(lines, line{words[0], words[1:]})
		}
	}
	return lines
}

func (l line) String() string { return strings.Join(append([]string{l.verb}, l.words...), " ") }

// word returns word i after the verb, from 0; "" when there are fewer.
func (l line) word(i int) string {
	if i < len(l.words) {
		return l.words[i]
	}
	return ""
}

// flag reports whether the line has the word.
func (l line) flag(word string) bool { return slices.Contains(l.words, word) }

// setting returns the value of "key=value"; otherwise when the line has no such word.
func (l line) setting(key, otherwise string) string {
	for _, w := range l.words {
		if value, ok := strings.CutPrefix(w, key+"="); ok {
			return value
		}
	}
	return otherwise
}

func (l line) number(i int) int { return l.parsedNumber(l.word(i)) }

// duration returns word i as a duration; 0 when there are fewer words.
func (l line) duration(i int) time.Duration {
	if l.word(i) == "" {
		return 0
	}
	return l.parsedDuration(l.word(i))
}

// The parsers panic, because a script with a mistake could otherwise pass for the wrong reason.

func (l line) parsedNumber(text string) int {
	n, err := strconv.Atoi(text)
	l.check(err)
	return n
}

func (l line) parsedDuration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	l.check(err)
	return d
}

func (l line) parsedVersion(text string) messages.Version {
	var v messages.Version
	_, err := fmt.Sscanf(text, "%d.%d", &v.Major, &v.Minor)
	l.check(err)
	return v
}

func (l line) reason(i int) messages.Reason {
	var r messages.Reason
	l.check(r.UnmarshalText([]byte(l.word(i))))
	return r
}

// kinds returns the kinds of calls named from word i on. None means all kinds.
func (l line) kinds(i int) []transporttest.Kind {
	var kinds []transporttest.Kind
	for _, w := range l.words[min(i, len(l.words)):] {
		k := slices.Index(chaosKinds, w)
		if k < 0 {
			l.check(fmt.Errorf("no kind of call is called %q", w))
		}
		kinds = append(kinds, transporttest.Kind(k))
	}
	return kinds
}

// chaosKinds are the names of the kinds of calls.
var chaosKinds = []string{
	transporttest.Connects.String(), transporttest.Checkouts.String(),
	transporttest.Heartbeats.String(), transporttest.Checkins.String(),
}

func (l line) check(err error) {
	if err != nil {
		panic(fmt.Sprintf("script: %s: %v", l, err))
	}
}
