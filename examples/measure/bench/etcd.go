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
	clients []*clientv3.Client
	life    int64 // of a lease, in seconds
	wire    atomic.Int64
	serial  atomic.Int64 // of the seats of callers
	live    context.Context
	end     context.CancelFunc
	all     sync.WaitGroup
	turns   chan struct{} // one for each feature that resumes
}

// leasesPerClient is how many features share a client of etcd. It beats all its leases on one stream, which the server
// answers lease by lease, each after all that was committed before is applied: while seats are taken, at the pace of the
// disk. With one client for 100,000 features, beats fall behind, are sent again each half second, and after four minutes
// only 39,000 were held.
const leasesPerClient = 1_000

// etcdHolders are few enough for a beat not to wait long for the grants before it, and grant as much a second as 1,024 do.
// With those, on a slow disk, so many beats of 100,000 leases are sent again that the client never catches up.
const etcdHolders = 128

// resumers is how many features resume at a time: without a bound, 100,000 at once let all time out.
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
			// The client gives a lease up whose first beat is not answered within so long, and a second; by default within
			// six seconds, and beats that queue behind grants then end in a storm of leases given up and resumed.
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
	for errors.Is(err, rpctypes.ErrTooManyRequests) { // it has more to write than it can: it asks to come back
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

func seatOf(i int) string { return feature + strconv.Itoa(i) }

// keep reads what the client says of a lease, as one has to that wants to know that it is held. The client gives a lease
// up that was not acknowledged for its life.
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
		case <-time.After(500 * time.Millisecond): // as long as etcd's client waits
		case <-h.live.Done():
			return
		}
	}
}

// resume returns the lease if the server still knows it, else takes the seat again.
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

// take makes a lease of so many seconds, and the key that is the seat.
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
