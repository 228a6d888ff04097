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

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/seatbeat/seatbeat/examples/internal/devcert"
)

// serveEtcd starts an etcd of one member with its defaults, and with the same mutual TLS as the other contenders.
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

// etcdHolder holds features as leases of etcd. A seat is a key that is created only if it does not exist, and that lives as
// long as its lease. clientv3.KeepAlive sends three heartbeats in the lifetime of a lease.
type etcdHolder struct {
	marks
	clients []*clientv3.Client
	life    int64        // lifetime of a lease, in seconds
	wire    atomic.Int64 // bytes, both ways
	serial  atomic.Int64 // numbers the seats of callers
	live    context.Context
	end     context.CancelFunc
	all     sync.WaitGroup
	turns   chan struct{} // one for each feature that is resuming
}

// leasesPerClient is how many features share a client of etcd. A client sends the heartbeats of all its leases on one
// stream. The server answers them one by one, each after it has applied what was committed before: while seats are taken,
// this is as slow as the disk. With one client for 100,000 features, heartbeats fall behind and are sent again every half
// second; after four minutes only 39,000 features were held.
const leasesPerClient = 1_000

// etcdHolders is so low that no heartbeat waits long behind grants; etcd grants as many leases a second as with 1,024. With
// 1,024 and a slow disk, so many heartbeats of 100,000 leases are sent again that the client never catches up.
const etcdHolders = 128

// resumers is how many features may resume at the same time. Without a limit, all of 100,000 time out.
const resumers = 128

func connectEtcd(_ context.Context, s setup, features int) (holder, error) {
	config, err := devcert.Client(s.Folder)
	if err != nil {
		return nil, err
	}
	h := &etcdHolder{
		marks: newMarks(features), life: int64(lifetime * s.Interval / time.Second), turns: make(chan struct{}, resumers),
	}
	for range (features + leasesPerClient - 1) / leasesPerClient {
		client, err := clientv3.New(clientv3.Config{
			Endpoints: []string{"https://" + s.Address}, TLS: config, Logger: zap.NewNop(),
			// The client gives up a lease whose first heartbeat is not answered within DialTimeout plus a second. With
			// the default, six seconds in all, masses of leases are given up and resumed while heartbeats wait behind grants.
			DialTimeout: lifetime * s.Interval,
			DialOptions: []grpc.DialOption{grpc.WithContextDialer(countingDialer(&h.wire))},
		})
		if err != nil {
			h.disconnect()
			return nil, err
		}
		h.clients = append(h.clients, client)
	}
	h.live, h.end = context.WithCancel(context.Background())
	return h, nil
}

// of returns the client of feature or caller i.
func (h *etcdHolder) of(i int) *clientv3.Client { return h.clients[i%len(h.clients)] }

func (h *etcdHolder) hold(ctx context.Context, i int) error {
	client := h.of(i)
	lease, err := take(ctx, client, seatOf(i), h.life)
	for errors.Is(err, rpctypes.ErrTooManyRequests) { // the server is overloaded
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
		lease, err = take(ctx, client, seatOf(i), h.life)
	}
	if err != nil {
		return err
	}
	kept, err := client.KeepAlive(h.live, lease)
	if err != nil {
		return err
	}
	h.all.Go(func() { h.keep(i, lease, kept) })
	return nil
}

// seatOf returns the key of feature i.
func seatOf(i int) string { return feature + strconv.Itoa(i) }

// keep reads the acknowledged heartbeats of a lease. The client closes kept when none was acknowledged for the lifetime of
// the lease; then keep resumes it.
func (h *etcdHolder) keep(i int, lease clientv3.LeaseID, kept <-chan *clientv3.LeaseKeepAliveResponse) {
	for {
		for range kept {
			h.acknowledged(i)
		}
		again, err := h.resume(i, lease)
		if err == nil {
			lease = again
			kept, err = h.of(i).KeepAlive(h.live, lease)
		}
		if err == nil {
			continue
		}
		select {
		case <-time.After(500 * time.Millisecond): // as the client of etcd does
		case <-h.live.Done():
			return
		}
	}
}

// resume returns the lease if the server still knows it. Otherwise it takes the seat again.
func (h *etcdHolder) resume(i int, lease clientv3.LeaseID) (clientv3.LeaseID, error) {
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-h.live.Done():
		return lease, h.live.Err()
	}
	ctx, cancel := context.WithTimeout(h.live, 5*time.Second)
	defer cancel()
	_, err := h.of(i).KeepAliveOnce(ctx, lease)
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return take(ctx, h.of(i), seatOf(i), h.life)
	}
	return lease, err
}

// take creates a lease, and the key that is the seat.
func take(ctx context.Context, client *clientv3.Client, seat string, life int64) (clientv3.LeaseID, error) {
	lease, err := client.Grant(ctx, life)
	if err != nil {
		return 0, err
	}
	made, err := client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(seat), "=", 0)).
		Then(clientv3.OpPut(seat, "", clientv3.WithLease(lease.ID))).
		Commit()
	if err == nil && !made.Succeeded {
		err = fmt.Errorf("seat %s is taken", seat)
	}
	if err != nil {
		_, undone := client.Revoke(ctx, lease.ID)
		return 0, errors.Join(err, undone)
	}
	return lease.ID, nil
}

func (h *etcdHolder) checkout(ctx context.Context, caller int) (time.Duration, error) {
	seat := fmt.Sprintf("caller%d-%d", caller, h.serial.Add(1))
	begin := time.Now()
	lease, err := take(ctx, h.of(caller), seat, h.life)
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	_, err = h.of(caller).Revoke(ctx, lease)
	return took, err
}

func (h *etcdHolder) bytes() int64 { return h.wire.Load() }

func (h *etcdHolder) close() {
	h.end()
	h.disconnect()
	h.all.Wait()
}

func (h *etcdHolder) disconnect() {
	for _, client := range h.clients {
		_ = client.Close()
	}
}
