package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/seatbeat/seatbeat/server"
)

// Bounds of a call.
const (
	maxBody     = 4 << 10
	maxHeaders  = 16 << 10
	headerTime  = 5 * time.Second
	callTime    = 10 * time.Second
	idleTime    = time.Minute
	backupTime  = 10 * time.Minute // while a backup is under way the ledger's file grows
	maxBackups  = 1
	maxFeature  = 128
	contentJSON = "application/json"
)

// Config says what is administered. All fields but Metrics and Logger are required.
type Config struct {
	Server *server.Server
	Token  Token
	// Backup writes a copy of the ledger.
	Backup func(io.Writer) (int64, error)
	// Reload reads licences and certificates anew; its error says why they stay as they were.
	Reload func(context.Context) error
	// Metrics answers /metrics; nil: there are none.
	Metrics http.Handler
	// Logger is told of releases, backups and reloads; nil discards.
	Logger *slog.Logger
}

type handler struct {
	Config
	started time.Time
	backups chan struct{} // one at a time
}

// New returns a server of the administration, to serve on a listener from [Listen] until it is shut down.
func New(cfg Config) *http.Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{Config: cfg, started: time.Now(), backups: make(chan struct{}, maxBackups)}
	return &http.Server{
		Handler: h.routes(), ReadHeaderTimeout: headerTime, ReadTimeout: callTime, WriteTimeout: 2 * callTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeaders, ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
	}
}

// Listen listens on loopback, and refuses every other address.
func Listen(address string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for administrators: %w", err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("listen for administrators: %s is not on loopback: use 127.0.0.1, and a tunnel from elsewhere", address)
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("listen for administrators: %w", err)
	}
	return listener, nil
}

func (h *handler) routes() http.Handler {
	secret := http.NewServeMux()
	secret.HandleFunc("GET /v1/status", h.status)
	secret.HandleFunc("GET /v1/leases", h.leases)
	secret.HandleFunc("POST /v1/release", h.release)
	secret.HandleFunc("POST /v1/reload", h.reload)
	secret.HandleFunc("GET /v1/backup", h.backup)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/metrics" && r.Method == http.MethodGet && h.Metrics != nil:
			h.Metrics.ServeHTTP(w, r)
		case !h.Token.admits(r.Header.Get("Authorization")):
			refuse(w, http.StatusUnauthorized, errors.New("the token is missing or wrong"))
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			secret.ServeHTTP(w, r)
		}
	})
}

func (h *handler) status(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	status, err := h.Server.Status(ctx)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, http.StatusOK, statusOf(status, h.started))
}

func (h *handler) leases(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	after, err := strconv.ParseUint("0"+r.URL.Query().Get("after"), 10, 32)
	feature := r.URL.Query().Get("feature")
	if err != nil || len(feature) > maxFeature {
		refuse(w, http.StatusBadRequest, errors.New("feature or after is out of bounds"))
		return
	}
	page, err := h.Server.Holders(ctx, server.HoldersQuery{Feature: feature, After: uint32(after)})
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, http.StatusOK, leasesOf(page))
}

func (h *handler) release(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	var asked release
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	if err := in.Decode(&asked); err != nil {
		refuseBody(w, err)
		return
	}
	id, err := leaseID(asked.Lease)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	switch err := h.Server.Revoke(ctx, id); {
	case errors.Is(err, server.ErrNoLease):
		refuse(w, http.StatusNotFound, errors.New("no such lease is held: it may have ended already"))
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, err)
	default:
		h.Logger.Info("administrator released a lease")
		answer(w, http.StatusOK, asked)
	}
}

func (h *handler) reload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	if err := h.Reload(ctx); err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	answer(w, http.StatusOK, struct{}{})
}

// backup streams a copy. One that broke off ends without the end that HTTP wants, so that nobody takes it for whole.
func (h *handler) backup(w http.ResponseWriter, _ *http.Request) {
	select {
	case h.backups <- struct{}{}:
		defer func() { <-h.backups }()
	default:
		refuse(w, http.StatusConflict, errors.New("a backup is under way: try again when it is done"))
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(backupTime)) // else it has the time of other calls
	w.Header().Set("Content-Type", "application/octet-stream")
	n, err := h.Backup(w)
	if err != nil {
		h.Logger.Error("backup broke off", "bytes", n, "error", err)
		panic(http.ErrAbortHandler)
	}
	h.Logger.Info("administrator took a backup", "bytes", n)
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", contentJSON)
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // who went away does not hear it
}

// refuseBody says why a body could not be read.
func refuseBody(w http.ResponseWriter, err error) {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Errorf("a request has at most %d bytes", tooLarge.Limit))
		return
	}
	refuse(w, http.StatusBadRequest, fmt.Errorf(`expected is {"lease":"..."}, with the lease from status: %w`, err))
}

func refuse(w http.ResponseWriter, code int, err error) { answer(w, code, failure{Error: err.Error()}) }
