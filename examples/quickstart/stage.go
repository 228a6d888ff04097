package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
	"github.com/seatbeat/seatbeat/supervisor"
	"github.com/seatbeat/seatbeat/transport/grpctransport"
)

// Users of seats: the service that the play is about, and a program that takes seats away from it.
const (
	serviceA = "A"
	programB = "B"
)

// stage is two licence servers, and what a client needs to talk to them.
type stage struct {
	s1, s2 *licenseServer
	client *tls.Config
}

// newStage starts the servers. They use mutual TLS as a real installation does.
func newStage() (*stage, error) {
	folder, err := os.MkdirTemp("", "seatbeat-quickstart-")
	if err != nil {
		return nil, err
	}
	err = devcert.Write(folder)
	serverTLS, errServer := devcert.Server(folder)
	client, errClient := devcert.Client(folder)
	if err := errors.Join(err, errServer, errClient, os.RemoveAll(folder)); err != nil {
		return nil, err
	}
	s := &stage{s1: newLicenseServer("S1", serverTLS), s2: newLicenseServer("S2", serverTLS), client: client}
	if err := errors.Join(s.s1.start(), s.s2.start()); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// stop ends the servers.
func (s *stage) stop() error { return errors.Join(s.s1.stop(), s.s2.stop()) }

// startRuntime starts a runtime that holds seats for a user.
func (s *stage) startRuntime(ctx context.Context, user string, c supervisor.Config) (*supervisor.Runtime, error) {
	c.Transport = grpctransport.New(grpctransport.Config{TLS: s.client})
	c.Client.User = user
	return supervisor.Start(ctx, c)
}

// picture shows who holds which seats, as the servers say.
func (s *stage) picture(ctx context.Context, colour bool) (string, error) {
	var rows []row
	for _, server := range []*licenseServer{s.s1, s.s2} {
		pools, err := server.pools(ctx)
		if err != nil {
			return "", fmt.Errorf("ask %s who holds its seats: %w", server.name, err)
		}
		rows = append(rows, row{server: server.name, pools: pools})
	}
	return draw(rows, colour), nil
}
