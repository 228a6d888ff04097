package main

const help = `quickstart shows what seatbeat does when licence servers restart, refuse, die and come
back: a play in nine steps, with two licence servers that it starts itself.

  go run ./examples/quickstart                  watch it, for half a minute; in
                                                a pipe it takes about 8 s
  go run ./examples/quickstart -fast            without pauses to read, for scripts
  go run ./examples/quickstart -json            one event per line, for programs
  go run ./examples/quickstart -default-exit    without OnExit: the process ends with
                                                status 3 when no server is left

With -servers it holds features on your servers until Ctrl-C, gives the seats back and
ends with status 0. Stop and start the servers meanwhile to see what happens.

  go run ./examples/quickstart -servers 127.0.0.1:6200 -feature cad -insecure
  go run ./examples/quickstart -servers lic1:6200,lic2:6200 -feature cad:2.1:1 \
      -feature render -ca ca.pem -cert me.pem -key me.key

Flags:
  -fast                       do not pause; only a terminal is paused for anyway
  -json                       print only events, each as one line of JSON with its name
                              in "event"
  -default-exit               leave OnExit out
  -servers host:port,...      licence servers that are running, in the order in which
                              they are asked
  -feature name:version:count what to hold; may be repeated; the count is 1, and the
                              version any, when left out
  -ca file                    PEM certificates of the authority that signed the servers'
                              certificates; the system's when left out
  -cert file, -key file       PEM certificate and key that prove who you are
  -insecure                   the servers are without TLS
  -interval duration          pause between two heartbeats, 1m when left out
  -attempts n                 failed heartbeats in a row until the other servers are
                              asked, 5 when left out
  -help                       this text

Status: 0 all went well, or the reader of the output has gone; 1 it did not; 2 the flags
are wrong; 3 the built-in exit; 130 the play was interrupted. (go run itself ends with 1
whatever the status was, and prints it; to see it, run: go build ./examples/quickstart)
`
