package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/seatbeat/seatbeat/supervisor"
)

// routes returns the handler of the service.
func routes(license *supervisor.License, work http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/render", work)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, license) })
	return mux
}

// health answers with the state of the licence: with status 503 when it has ended. It never blocks.
func health(w http.ResponseWriter, license *supervisor.License) {
	report := struct {
		supervisor.LicenseStatus
		Error string `json:"error,omitempty"`
	}{LicenseStatus: license.Status()}
	status := http.StatusOK
	if err := license.Err(); err != nil {
		report.Error, status = err.Error(), http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(report)
}

// render stands for the work of the service.
func render(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(10 * time.Second):
		_, _ = fmt.Fprintln(w, "rendered")
	}
}
