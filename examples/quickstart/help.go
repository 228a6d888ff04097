package main

const help = `quickstart shows what seatbeat does when licence servers restart, refuse, stop and come back.

Without flags it starts two licence servers of its own on this machine, checks two features out, and makes things go
wrong. It ends by itself within 15 s: with status 0, or with 1 and a reason if something did not happen as it should.

  go run ./examples/quickstart                  watch it
  go run ./examples/quickstart -json            the same, one event per line, for programs
  go run ./examples/quickstart -default-exit    without OnExit: the process ends with status 3 when no server is left

With -servers it holds features on your servers until Ctrl-C, gives the seats back and ends with status 0. Stop and start
the servers meanwhile to see what happens.

  go run ./examples/quickstart -servers lic1:6200,lic2:6200 -feature cad:2.1:1 -ca ca.pem -cert me.pem -key me.key
  go run ./examples/quickstart -servers 127.0.0.1:6200 -feature cad:2.1:1 -feature render -insecure -interval 5s

Flags:
  -json                       print only events, each as one line of JSON with its name in "event"
  -default-exit               leave OnExit out: see what happens to a process that does not handle it
  -servers host:port,...      licence servers that are running, in the order in which they are asked
  -feature name:version:count what to hold; may be repeated; count is 1, and the version any, when left out
  -ca file                    PEM certificates of the authority that signed the servers'; the system's when left out
  -cert file, -key file       PEM certificate and key that prove who you are
  -insecure                   the servers are without TLS
  -interval duration          pause between two heartbeats, 1m when left out
  -attempts n                 failed heartbeats in a row until the other servers are asked, 5 when left out
  -help                       this text

Status: 0 all went well, 1 it did not, 2 the flags are wrong, 3 the built-in exit. (go run itself ends with 1 whatever the
status was, and prints it; to see it, run: go build -o /tmp/quickstart ./examples/quickstart)
`
