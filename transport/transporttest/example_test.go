package transporttest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/transport"
	"github.com/seatbeat/seatbeat/transport/transporttest"
)

func ExampleNetwork() {
	network := transporttest.NewNetwork()
	server := network.AddServer("lic1:6200", map[string]int{"cad": 2})

	// The code under test does this part. The errors of its calls are left out here.
	ctx := transport.WithClient(context.Background(), transport.Client{Instance: [16]byte{1}, Name: "drawing"})
	session, _ := network.Connect(ctx, "lic1:6200")
	checkout, _ := session.Checkout(ctx, []transport.Take{{Request: messages.RequestID{1}, Feature: "cad", Count: 1}})
	lease := checkout.Outcomes[0].Lease
	fmt.Println("in use:", server.Held("cad"))

	server.Restart()
	beat, _ := session.Heartbeat(ctx, []messages.LeaseID{lease})
	fmt.Println("epoch", beat.Identity.Epoch, "ended:", len(beat.Ended))

	server.Down()
	_, err := session.Heartbeat(ctx, []messages.LeaseID{lease})
	fmt.Println(err)

	server.Up()
	server.Revoke(lease)
	beat, _ = session.Heartbeat(ctx, []messages.LeaseID{lease})
	fmt.Println("ended:", beat.Ended[0].Reason, "in use:", server.Held("cad"))

	// Output:
	// in use: 1
	// epoch 2 ended: 0
	// heartbeat lic1:6200: server unreachable
	// ended: Revoked in use: 0
}

// The rest of this file is a small service that holds a seat, and tests of it in virtual time.

// keep holds one seat of cad until its lease ends, beating it every minute, and returns why it ended. Missed beats are
// made up for by the next one.
func keep(ctx context.Context, t transport.Transport, address transport.Address) (messages.Reason, error) {
	session, err := t.Connect(ctx, address)
	if err != nil {
		return messages.NoReason, err
	}
	defer func() { _ = session.Close() }()
	checkout, err := session.Checkout(ctx, []transport.Take{{Request: messages.RequestID{1}, Feature: "cad", Count: 1}})
	if err != nil {
		return messages.NoReason, err
	}
	for o := checkout.Outcomes[0]; ; {
		if o.Result != transport.Granted {
			return o.Reason, nil
		}
		time.Sleep(time.Minute)
		beatCtx, cancel := context.WithTimeout(ctx, 20*time.Second)
		beat, err := session.Heartbeat(beatCtx, []messages.LeaseID{o.Lease})
		cancel()
		if err == nil && len(beat.Ended) > 0 {
			return beat.Ended[0].Reason, nil
		}
	}
}

func TestASeatIsKeptOverAnOutageShorterThanTheClientTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		server := network.AddServer("lic1", map[string]int{"cad": 1})
		result := make(chan messages.Reason)
		go func() {
			reason, err := keep(t.Context(), network, "lic1")
			assert.NoError(t, err)
			result <- reason
		}()

		time.Sleep(24*time.Hour + 30*time.Second) // between two beats
		server.BlackHole(true)
		time.Sleep(2 * time.Minute)
		server.BlackHole(false)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, 1, server.Held("cad"))

		server.BlackHole(true)
		time.Sleep(6 * time.Minute)
		assert.Zero(t, server.Held("cad"))
		server.BlackHole(false)
		assert.Equal(t, messages.Expired, <-result)
	})
}

func TestAServiceWithoutASeatLeavesTheServerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		server := network.AddServer("lic1", map[string]int{"cad": 1})
		server.Take("cad", 1)
		reason, err := keep(t.Context(), network, "lic1")
		require.NoError(t, err)
		assert.Equal(t, messages.NoSeats, reason)
		time.Sleep(time.Hour)
		assert.Zero(t, server.Stats().Heartbeats)
	})
}
