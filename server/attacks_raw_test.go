package server

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/seatbeat/seatbeat/transport/wire"
)

// Attacks that licence servers have fallen to: bytes that are no messages at all.

var forceRaw = grpc.ForceCodec(rawCodec{})

// HTTP/2 frames and their flags.
const (
	frameData, frameHeaders, frameReset, frameSettings, framePing, frameWindow, frameContinuation = 0, 1, 3, 4, 6, 8, 9

	endStream, endHeaders = 1, 4
	grpcStatus            = "\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f" // "grpc-status" in Huffman code
	preface               = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

// frame is an HTTP/2 frame. It states the length of the payload plus lie.
func frame(kind, flags byte, stream uint32, payload []byte, lie int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)+lie)<<8|uint32(kind))
	b = append(b, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return append(b, payload...)
}

// headersOf begins a call of a method of Seats, in the literal form of HPACK.
func headersOf(method string) []byte {
	path := "/seatbeat.v1.Seats/" + method
	b := []byte{0x83, 0x87, 0x04, byte(len(path))}
	b = append(append(b, path...), 0x01, 9)
	b = append(append(b, "localhost"...), 0x0f, 0x10, 16)
	b = append(append(b, "application/grpc"...), 0x00, 2)
	return append(append(append(b, "te"...), 8), "trailers"...)
}

// call is a whole call on a stream. The caller chooses the prefix of the message.
func call(stream uint32, prefix, message []byte) []byte {
	return append(frame(frameHeaders, endHeaders, stream, headersOf("Heartbeat"), 0),
		frame(frameData, endStream, stream, append(prefix, message...), 0)...)
}

// http2 connects with a certificate of the authority and starts HTTP/2.
func (s *attackServer) http2() *tls.Conn {
	s.t.Helper()
	config := s.authority.Client("attacker", "")
	config.ServerName, config.NextProtos = "localhost", []string{"h2"}
	conn := tls.Client(s.tcp(), config)
	require.NoError(s.t, conn.HandshakeContext(s.t.Context()))
	s.write(conn, preface+string(frame(frameSettings, 0, 0, nil, 0)))
	return conn
}

// hears reads until the server has sent a text.
func (s *attackServer) hears(conn io.Reader, text string) {
	s.t.Helper()
	var said []byte
	for buf := make([]byte, 4096); !bytes.Contains(said, []byte(text)); {
		n, err := conn.Read(buf)
		said = append(said, buf[:n]...)
		require.NoError(s.t, err, "%q", said)
	}
}

// The class of CVE-2020-14509: length fields are trusted.
func TestLengthsThatLieCostTheirConnection(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		beat := marshalled(t, &wire.HeartbeatRequest{Caller: s.honest.caller, Leases: s.lease})
		right := s.http2()
		s.write(right, string(call(1, binary.BigEndian.AppendUint32([]byte{0}, uint32(len(beat))), beat)))
		s.hears(right, grpcStatus+"\x017") // permission denied: the form of the call is right, only the caller is not the holder
		settings := []byte{0, 4, 0x7f, 0xff, 0xff, 0xff}
		for name, bytes := range map[string][]byte{
			"a message shorter than it says": call(1, []byte{0, 0, 0, 1, 0}, beat),
			"a message longer than it says":  call(1, []byte{0, 0, 0, 0, 1}, beat),
			"a message of 4 GB":              call(1, []byte{0, 0xff, 0xff, 0xff, 0xff}, beat),
			"half a prefix":                  call(1, []byte{0, 0}, nil),
			"an unknown compression":         call(1, []byte{7, 0, 0, 0, 0}, beat),
			"a frame of 16 MB":               frame(frameData, 0, 1, beat, 1<<24-1-len(beat)),
			"a frame longer than it is":      frame(frameHeaders, endHeaders, 1, headersOf("Heartbeat"), 100),
			"a frame shorter than it is":     frame(frameHeaders, endHeaders, 1, headersOf("Heartbeat"), -20),
			"settings of a wrong length":     frame(frameSettings, 0, 0, settings[:5], 0),
			"a window that overflows":        append(frame(frameSettings, 0, 0, settings, 0), frame(frameWindow, 0, 0, []byte{0x7f, 0xff, 0xff, 0xff}, 0)...),
			"a text longer than its header":  frame(frameHeaders, endHeaders, 1, []byte{0x83, 0x87, 0x04, 0x7f, 0xff, 0xff, 0xff, 0x0f, 'x'}, 0),
			"an index that is not there":     frame(frameHeaders, endHeaders, 1, []byte{0xff, 0xff, 0x7f}, 0),
			"padding longer than the frame":  frame(frameData, 0x8, 1, []byte{0xff, 1}, 0),
		} {
			s.exchange(s.http2(), string(bytes))
			assert.True(t, s.beat(), name)
		}
	})
}

// Whatever else may reach a port: another protocol, noise, nothing.
func TestBytesThatAreNoTLSCostTheirConnection(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		for name, text := range map[string]string{
			"nothing": "", "HTTP": "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.org\r\n\r\n", "SSH": "SSH-2.0-x\r\n",
			"HTTP/2 in clear": preface + string(frame(frameSettings, 0, 0, nil, 0)), "zeros": strings.Repeat("\x00", 10_000),
			"ones": strings.Repeat("\xff", 10_000), "noise": string(bytes.Join([][]byte{randomID(), randomID(), randomID()}, nil)),
			"a record of 64 KB": "\x16\x03\x01\xff\xff", "half a hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc",
			"SSLv2": "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", "a path": "../../etc/passwd\n", "a hello of SSL 3": "\x16\x03\x00\x00\x04\x01\x00\x00\x00",
		} {
			assert.NotContains(t, s.exchange(s.tcp(), text), "seatbeat", name)
		}
	})
}

// Connections that are opened and left, or that send a byte now and then, exhaust the server.
func TestConnectionsThatDripStopNobody(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		beat := string(call(1, []byte{0, 0, 0, 0xff, 0xff}, nil))
		var dripping []io.Writer
		for i := range 150 {
			switch i % 3 {
			case 0:
				s.tcp() // and nothing else
			case 1:
				dripping = append(dripping, s.tcp()) // a handshake that never ends
			default:
				dripping = append(dripping, s.http2()) // a call that never ends
			}
		}
		for at := range min(len(beat), 30) {
			for i, conn := range dripping {
				drop := beat[at : at+1]
				if i%2 == 0 {
					drop = "\x16\x03\x01\x40\x00"[min(at, 4):][:1]
				}
				s.write(conn, drop)
			}
			require.True(t, s.beat())
		}
	})
}

// Messages, headers and compressed messages that are larger than anything a client of this project sends.
func TestWhatIsOversizedIsRefusedBeforeItIsRead(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		a := s.client("attacker")
		for _, size := range []int{wire.MaxMessage + 1, 1 << 20, 16 << 20} {
			assert.Equal(t, codes.ResourceExhausted, status.Code(a.invoke("Checkout", make([]byte, size))), "%d bytes", size)
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x", strings.Repeat("x", 16<<10))
		_, err := a.seats.Heartbeat(ctx, &wire.HeartbeatRequest{Caller: a.caller})
		require.Error(t, err)
		assert.Nil(t, refusalIn(err))

		bomb := headersOf("Heartbeat")
		bomb = append(append(bomb, 0x00, 13), "grpc-encoding\x04gzip"...)
		conn := s.http2()
		s.write(conn, string(frame(frameHeaders, endHeaders, 1, bomb, 0))+
			string(frame(frameData, endStream, 1, []byte("\x01\x00\x00\x00\x04\x1f\x8b\x08\x00"), 0)))
		s.hears(conn, grpcStatus+"\x0212") // unimplemented
	})
}

// The class of CVE-2023-44487 and of similar floods: frames that are cheap to send and expensive to answer.
func TestFloodsOfFramesStopNobody(t *testing.T) {
	underAttack(t, func(s *attackServer) {
		flood := func(name string, of func(i uint32) []byte) {
			var all []byte
			for i := range uint32(5000) {
				all = append(all, of(i)...)
			}
			s.exchange(s.http2(), string(all))
			assert.True(s.t, s.beat(), name)
		}
		cancelled := frame(frameReset, 0, 1, []byte{0, 0, 0, 8}, 0)
		flood("calls that are cancelled at once", func(i uint32) []byte {
			binary.BigEndian.PutUint32(cancelled[5:], 2*i+1)
			return append(frame(frameHeaders, endHeaders, 2*i+1, headersOf("Heartbeat"), 0), cancelled...)
		})
		flood("pings", func(uint32) []byte { return frame(framePing, 0, 0, make([]byte, 8), 0) })
		flood("settings", func(uint32) []byte { return frame(frameSettings, 0, 0, []byte{0, 4, 0, 0, 1, 0}, 0) })
		flood("headers without an end", func(i uint32) []byte {
			if i == 0 {
				return frame(frameHeaders, 0, 1, headersOf("Heartbeat"), 0)
			}
			return frame(frameContinuation, 0, 1, []byte{0x00, 1, 'x', 1, 'y'}, 0)
		})
		flood("empty frames", func(i uint32) []byte {
			if i == 0 {
				return frame(frameHeaders, endHeaders, 1, headersOf("Heartbeat"), 0)
			}
			return frame(frameData, 0, 1, nil, 0)
		})
	})
}
