package main

import (
	"fmt"
	"io"
	"log/slog"
)

// logLevel is the lowest level that is logged.
type logLevel slog.Level

// UnmarshalText parses a level, such as info or WARN.
func (l *logLevel) UnmarshalText(text []byte) error {
	if (*slog.Level)(l).UnmarshalText(text) != nil {
		return fmt.Errorf("is %q: must be debug, info, warn or error", text)
	}
	return nil
}

// logFlags choose what is logged, and where the audit goes.
type logFlags struct {
	LogLevel  logLevel `help:"Lowest level that is logged: debug, info, warn or error." default:"info" placeholder:"LEVEL" group:"logging"`
	LogFormat string   `help:"Format of the log: text or json." enum:"text,json" default:"text" placeholder:"FORMAT" group:"logging"`
	Audit     string   `help:"File for the audit, or - for standard error: one line of JSON for each grant, denial, checkin, expiry and release. SIGHUP reopens the file; use it after logrotate has renamed the file." type:"path" placeholder:"FILE" group:"logging"`

	AuditRequired bool `help:"Refuse checkouts while records of --audit cannot be written. Without it seats are granted then, and the loss is logged and counted." group:"logging"`
}

// checkAudit returns an error when an audit is required that is not kept.
func (f logFlags) checkAudit() error {
	if f.AuditRequired && f.Audit == "" {
		return usageErrorf("--audit-required works only with --audit: name the file of the audit")
	}
	return nil
}

// logger returns the log that the flags describe.
func (f logFlags) logger(to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.Level(f.LogLevel), ReplaceAttr: durationAsText}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// durationAsText writes durations as text, such as 5m0s, in JSON too. The JSON handler would write nanoseconds.
func durationAsText(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// auditLog returns the audit that the flags ask for: the logger, which is nil without an audit, and the file to close
// after the server has stopped, which is nil if there is none.
func (f logFlags) auditLog(standardError io.Writer) (*slog.Logger, *auditFile, error) {
	switch f.Audit {
	case "":
		return nil, nil, nil
	case "-":
		return slog.New(slog.NewJSONHandler(standardError, nil)), nil, nil
	}
	file, err := openAuditFile(f.Audit)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewJSONHandler(file, nil)), file, nil
}
