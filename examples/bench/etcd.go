package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
)

// serveEtcd starts an etcd of one member with its defaults, and mutual TLS as we have it.
func serveEtcd(s setup) (count func() int64, stop func() error, err error) {
	at := func(name string) string { return filepath.Join(s.Folder, name) }
	config := embed.NewConfig()
	config.Dir = at("etcd")
	client, peer := url.URL{Scheme: "https", Host: s.Address}, url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.ClientTLSInfo.CertFile, config.ClientTLSInfo.KeyFile = at(devcert.ServerCert), at(devcert.ServerKey)
	config.ClientTLSInfo.TrustedCAFile, config.ClientTLSInfo.ClientCertAuth = at(devcert.CA), true
	config.EnableGRPCGateway = false // it would need a client certificate of its own
	config.LogLevel, config.LogOutputs = "error", []string{os.DevNull}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return nil, nil, err
	}
	stop = func() error {
		etcd.Close()
		return nil
	}
	return func() int64 { return 0 }, stop, nil // the client counts
}

// etcdHolder holds features as leases of etcd. A seat is a key of its own, made only if it is not there, that lives as
// long as its lease; clientv3.KeepAlive beats it, three times in its life.
type etcdHolder struct {
	marks
	client *clientv3.Client
	life   int64 // of a lease, in seconds
	wire   atomic.Int64
	serial atomic.Int64 // of the seats of callers
	live   context.Context
	end    context.CancelFunc
	all    sync.WaitGroup
}

func connectEtcd(_ context.Context, s setup, features int) (holder, error) {
	config, err := devcert.Client(s.Folder)
	if err != nil {
		return nil, err
	}
	h := &etcdHolder{marks: newMarks(features), life: int64(lifetime * s.Interval / time.Second)}
	h.client, err = clientv3.New(clientv3.Config{
		Endpoints: []string{"https://" + s.Address}, TLS: config, Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(countingDialer(&h.wire))},
	})
	if err != nil {
		return nil, err
	}
	h.live, h.end = context.WithCancel(context.Background())
	return h, nil
}

func (h *etcdHolder) hold(ctx context.Context, i int) error {
	kept, err := h.take(ctx, feature+strconv.Itoa(i))
	if err != nil {
		return err
	}
	h.all.Go(func() { h.keep(i, kept) })
	return nil
}

// keep reads what the client says of a lease, as one has to that wants to know that it is held. When the lease is lost
// it takes the seat again.
func (h *etcdHolder) keep(i int, kept <-chan *clientv3.LeaseKeepAliveResponse) {
	for h.live.Err() == nil {
		for range kept {
			h.acknowledged(i)
		}
		if h.live.Err() != nil {
			return
		}
		ctx, cancel := context.WithTimeout(h.live, 5*time.Second)
		again, err := h.take(ctx, feature+strconv.Itoa(i))
		cancel()
		if err == nil {
			kept = again
			continue
		}
		select {
		case <-time.After(500 * time.Millisecond): // as long as etcd's client waits
		case <-h.live.Done():
		}
	}
}

// take takes a seat and has it kept.
func (h *etcdHolder) take(ctx context.Context, key string) (<-chan *clientv3.LeaseKeepAliveResponse, error) {
	lease, err := h.grant(ctx, key)
	if err != nil {
		return nil, err
	}
	return h.client.KeepAlive(h.live, lease)
}

func (h *etcdHolder) grant(ctx context.Context, key string) (clientv3.LeaseID, error) {
	lease, err := h.client.Grant(ctx, h.life)
	if err != nil {
		return 0, err
	}
	made, err := h.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
		Then(clientv3.OpPut(key, "", clientv3.WithLease(lease.ID))).
		Commit()
	if err == nil && !made.Succeeded {
		err = fmt.Errorf("seat %s is taken", key)
	}
	if err != nil {
		_, undone := h.client.Revoke(ctx, lease.ID)
		return 0, errors.Join(err, undone)
	}
	return lease.ID, nil
}

func (h *etcdHolder) checkout(ctx context.Context, caller int) (time.Duration, error) {
	key := fmt.Sprintf("caller%d-%d", caller, h.serial.Add(1))
	begin := time.Now()
	lease, err := h.grant(ctx, key)
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	_, err = h.client.Revoke(ctx, lease)
	return took, err
}

func (h *etcdHolder) bytes() int64 { return h.wire.Load() }

func (h *etcdHolder) close() {
	h.end()
	_ = h.client.Close()
	h.all.Wait()
}
