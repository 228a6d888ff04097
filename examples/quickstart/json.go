package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/seatbeat/seatbeat/messages"
)

// asJSON returns an event as one line of JSON: its name, the time, then its own fields.
func asJSON(e messages.Event, now time.Time) string {
	head, _ := json.Marshal(struct {
		Event string    `json:"event"`
		Time  time.Time `json:"time"`
	}{messages.Name(e), now.UTC().Truncate(time.Millisecond)})
	fields, err := json.Marshal(e)
	if err != nil || string(fields) == "{}" {
		return string(head)
	}
	return strings.TrimSuffix(string(head), "}") + "," + strings.TrimPrefix(string(fields), "{")
}
