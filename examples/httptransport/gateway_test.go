package httptransport

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/transport/transporttest"
)

// post makes one call of a gateway, without a network.
func post(t *testing.T, g *Gateway, path string, request any) *httptest.ResponseRecorder {
	t.Helper()
	body, err := json.Marshal(request)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, httptest.NewRequest("POST", path, bytes.NewReader(body)))
	return answer
}

// connectAs opens a session in the name of a client and returns its id.
func connectAs(t *testing.T, g *Gateway, instance id) id {
	t.Helper()
	answer := post(t, g, pathConnect, connectRequest{Instance: instance})
	require.Equal(t, 200, answer.Code, answer.Body)
	var reply connectReply
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &reply))
	return reply.Session
}

func TestAGatewayDropsTheSessionOfAClientThatWasSilentForTheClientTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := transporttest.NewNetwork()
		network.AddServer("backend", nil)
		g := newGateway(t, network, "backend")
		silent, active := connectAs(t, g, id{1}), connectAs(t, g, id{2})
		time.Sleep(transporttest.DefaultClientTimeout)
		require.Equal(t, 200, post(t, g, pathHeartbeat, heartbeatRequest{Session: active}).Code)
		time.Sleep(time.Nanosecond)
		connectAs(t, g, id{3})
		assert.Equal(t, 502, post(t, g, pathHeartbeat, heartbeatRequest{Session: silent}).Code)
		assert.Equal(t, 200, post(t, g, pathHeartbeat, heartbeatRequest{Session: active}).Code)
	})
}

func TestAGatewayHasABoundForItsSessions(t *testing.T) {
	network := transporttest.NewNetwork()
	network.AddServer("backend", nil)
	g := newGateway(t, network, "backend")
	for i := range maxSessions {
		connectAs(t, g, id{byte(i), byte(i >> 8), 1})
	}
	answer := post(t, g, pathConnect, connectRequest{Instance: id{9, 9, 9}})
	assert.Equal(t, 422, answer.Code)
	assert.Contains(t, answer.Body.String(), `"reason":"Busy"`)
	connectAs(t, g, id{0, 0, 1}) // a client that connects again takes the place of its earlier session
}

func TestAGatewayThatDoesNotReachItsServerAnswersWithAStatusOfItsOwn(t *testing.T) {
	network := transporttest.NewNetwork()
	server := network.AddServer("backend", nil)
	g := newGateway(t, network, "backend")
	session := connectAs(t, g, id{1})
	server.Down()
	assert.Equal(t, 502, post(t, g, pathConnect, connectRequest{}).Code)
	assert.Equal(t, 502, post(t, g, pathHeartbeat, heartbeatRequest{Session: session}).Code)
}
