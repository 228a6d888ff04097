package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/seatbeat/seatbeat/server"
)

// Limits of a request. Lengths are in bytes.
const (
	maxBody        = 4 << 10
	maxHeaders     = 16 << 10
	maxFeature     = 128
	headerTimeout  = 5 * time.Second
	requestTimeout = 10 * time.Second
	idleTimeout    = time.Minute
	backupTimeout  = 30 * time.Second // without progress: the ledger's file grows during a backup
	maxBackups     = 1                // at a time
)

// Config configures the administration. All fields but Metrics and Logger are required.
type Config struct {
	Server *server.Server
	Token  Token
	// Backup writes a copy of the ledger and returns its length in bytes. At most one call runs at a time.
	Backup func(io.Writer) (int64, error)
	// Reload reloads licences and certificates. Its error says what was refused, and is sent to the administrator. It must
	// be safe for concurrent use.
	Reload func(context.Context) error
	// Metrics answers GET /metrics. If it is nil there are no metrics.
	Metrics http.Handler
	// Logger logs releases and backups; nil discards.
	Logger *slog.Logger
}

// handler answers the requests of administrators.
type handler struct {
	Config
	started time.Time
	backups chan struct{} // holds one element for each backup in progress
}

// New returns an HTTP server. The caller serves it on a listener from [Listen] and closes it.
func New(cfg Config) *http.Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{Config: cfg, started: time.Now(), backups: make(chan struct{}, maxBackups)}
	return &http.Server{
		Handler: h.routes(), ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: 2 * requestTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaders, ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
	}
}

// Listen listens on a loopback address. It refuses every other address.
func Listen(address string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for administrators: %w", err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("listen for administrators: %s is not on loopback: use 127.0.0.1, and a tunnel from other machines", address)
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("listen for administrators: %w", err)
	}
	return listener, nil
}

// routes returns the handler of all requests. It checks the token.
func (h *handler) routes() http.Handler {
	authorized := http.NewServeMux()
	authorized.HandleFunc("GET /v1/status", h.status)
	authorized.HandleFunc("GET /v1/leases", h.leases)
	authorized.HandleFunc("POST /v1/release", h.release)
	authorized.HandleFunc("POST /v1/reload", h.reload)
	authorized.HandleFunc("GET /v1/backup", h.backup)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/metrics" && r.Method == http.MethodGet && h.Metrics != nil:
			h.Metrics.ServeHTTP(w, r)
		case !h.Token.authorizes(r.Header.Get("Authorization")):
			writeError(w, http.StatusUnauthorized, errors.New("the token is missing or wrong"))
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			authorized.ServeHTTP(w, r)
		}
	})
}

func (h *handler) status(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	status, err := h.Server.Status(ctx)
	if err != nil {
		writeError(w, http.StatusServiceUnavailable, err)
		return
	}
	writeJSON(w, http.StatusOK, statusOf(status, h.started))
}

func (h *handler) leases(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	after, err := strconv.ParseUint("0"+r.URL.Query().Get("after"), 10, 32)
	feature := r.URL.Query().Get("feature")
	if err != nil || len(feature) > maxFeature {
		writeError(w, http.StatusBadRequest, fmt.Errorf("feature must have at most %d bytes, and after must be 0 to %d", maxFeature, uint32(math.MaxUint32)))
		return
	}
	page, err := h.Server.Holders(ctx, server.HoldersQuery{Feature: feature, After: uint32(after)})
	if err != nil {
		writeError(w, http.StatusServiceUnavailable, err)
		return
	}
	writeJSON(w, http.StatusOK, leasesOf(page))
}

func (h *handler) release(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	var request release
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	if err := in.Decode(&request); err != nil {
		writeBodyError(w, err)
		return
	}
	id, err := leaseID(request.Lease)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	switch err := h.Server.Revoke(ctx, id); {
	case errors.Is(err, server.ErrNoLease):
		writeError(w, http.StatusNotFound, errors.New("no client holds this lease: it may have ended already"))
	case err != nil:
		writeError(w, http.StatusServiceUnavailable, err)
	default:
		h.Logger.Info("administrator released a lease")
		writeJSON(w, http.StatusOK, request)
	}
}

func (h *handler) reload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	if err := h.Reload(ctx); err != nil {
		writeError(w, http.StatusUnprocessableEntity, err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

// backup streams a copy of the ledger. After an error it aborts the connection, so that the client does not take the copy
// for complete.
func (h *handler) backup(w http.ResponseWriter, _ *http.Request) {
	select {
	case h.backups <- struct{}{}:
		defer func() { <-h.backups }()
	default:
		writeError(w, http.StatusConflict, errors.New("another backup is in progress: try again later"))
		return
	}
	w = backupWriter{ResponseWriter: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "application/octet-stream")
	n, err := h.Backup(w)
	if err != nil {
		h.Logger.Error("backup failed", "bytes", n, "error", err)
		panic(http.ErrAbortHandler)
	}
	h.Logger.Info("administrator took a backup", "bytes", n)
}

// backupWriter gives each write of a backup a deadline of its own, instead of that of other requests.
type backupWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Write writes a part of the copy.
func (w backupWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(backupTimeout))
	return w.ResponseWriter.Write(p)
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // fails if the client has gone
}

// writeBodyError says why the body of a release could not be read.
func writeBodyError(w http.ResponseWriter, err error) {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		writeError(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the body of a request must have at most %d bytes", tooLarge.Limit))
		return
	}
	writeError(w, http.StatusBadRequest, fmt.Errorf(`the body must be {"lease":"..."}, with a lease from status: %w`, err))
}

func writeError(w http.ResponseWriter, code int, err error) {
	writeJSON(w, code, failure{Error: err.Error()})
}
