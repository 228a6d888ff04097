package supervisor

// loss: a server or an address goes, or comes back.
func (d *drawing) loss() {
	switch d.number(0, 5) {
	case 0, 1:
		d.add("down %s", d.server())
	case 2, 3:
		d.add("up %s", d.server())
	case 4:
		d.add("cut %s", d.one(d.address...))
	default:
		d.add("mend %s", d.one(d.address...))
	}
}

// outage: a server is away for some beats, and maybe another process when it is back.
func (d *drawing) outage() {
	s := d.server()
	d.add("down %s", s)
	d.pass()
	d.pass()
	if d.number(0, 2) == 0 {
		d.add("%s %s", d.one("restart", "forget"), s)
	}
	d.add("up %s", s)
}

func (d *drawing) short() string { return d.one("1ms", "100ms", "1s", "4s", "7s", "20s") }

// network: calls are disturbed.
func (d *drawing) network() {
	s := d.server()
	switch d.number(0, 6) {
	case 0:
		d.add("delay %s %s %s", s, d.short(), d.kinds())
	case 1:
		d.add("lag %s %s %s", s, d.short(), d.kinds())
	case 2:
		d.add("swallow %s %s", s, d.kinds())
	case 3:
		d.add("drop %s %d %s", s, d.number(1, 3), d.kinds())
	case 4:
		d.add("duplicate %s %d %s %s", s, d.number(1, 3), d.short(), d.kinds())
	default:
		d.add("refuse %s %s %s %s", s, d.one("Busy", "Denied", "NoSeats", "Draining"), d.one("0s", "1s", "10s", "1m", "5m"), d.kinds())
	}
}

func (d *drawing) repair() { d.add("clear %s", d.server()) }

// restart: a server restarts, and may have forgotten.
func (d *drawing) restart() {
	d.add("%s %s", d.one("restart", "restart", "forget", "forget", "replace", "rollback"), d.server())
}

// upheaval: a server becomes another one while calls are under way to it.
func (d *drawing) upheaval() {
	s := d.server()
	d.add("%s %s %s %s", d.one("delay", "lag"), s, d.short(), d.kinds())
	d.pass()
	if d.number(0, 1) == 0 {
		d.call()
		d.moment()
	}
	d.restart()
	if d.number(0, 2) == 0 {
		d.add("move %s %s", d.one(d.address...), d.server())
	}
	d.moment()
	if d.number(0, 1) == 0 {
		d.add("clear %s", s)
	}
}

// slowTake: seats are taken again while the answers do not arrive, and what was granted ends.
func (d *drawing) slowTake() {
	s, f := d.server(), d.feature()
	d.add("%s", d.one("lag "+s+" "+d.short()+" checkout", "drop "+s+" 2 checkout", "delay "+s+" "+d.short()+" checkout"))
	d.ended(s, f)
	d.call()
	d.pass()
	d.ended(s, f)
	d.moment()
}

func (d *drawing) ended(s, f string) {
	d.add("end %s %s %s", s, f, d.one("Unknown", "Expired", "Expired", "Replaced", "Returned", "FeatureExpired"))
}

func (d *drawing) checkout(f string) { d.add("checkout %s %s", f, d.one("", "", "10s", "1s", "1ms")) }

// call: the application beats a license.
func (d *drawing) call() { d.add("heartbeat %s %s", d.feature(), d.one("10s", "", "1ms", "1s")) }

// application: the service calls, or its clock is set.
func (d *drawing) application() {
	f := d.feature()
	switch d.number(0, 20) {
	case 18, 19:
		d.add("host %s %s", d.one("callback", "listener"), d.one("slow", "hang", "panic", "exit", "calls", "checkin", "well", d.one("well", "close")))
	case 20:
		d.add("store %s", d.one("slow", "fail", "hang", "panic", "exit", "well"))
	case 16, 17:
		d.add("panic %s %d", d.one("feature", "connection", "connection", "heartbeat", "runtime", "counter"), d.number(1, 6))
	case 0, 1, 2, 3:
		d.checkout(f)
	case 4, 5, 6:
		d.add("checkin %s %s", f, d.one("10s", "", "1ms"))
	case 7:
		d.add("cancel %s", f)
	case 8:
		d.add("jump %s", d.one("1m", "10s", "-1m", "10m"))
	case 9:
		d.add("rest")
	case 10:
		if d.number(0, 2) == 0 {
			d.add("close %s", d.one("10s", "0s", "1ms", "3s"))
		}
	default:
		for range d.number(1, 3) {
			d.call()
		}
	}
}

// seats: what the server has, and who holds it.
func (d *drawing) seats() {
	s, f := d.server(), d.feature()
	switch d.number(0, 9) {
	case 0:
		d.add("revoke %s %s", s, f)
	case 1, 2, 3:
		d.ended(s, f)
	case 4:
		d.add("seats %s %s %s", s, f, d.one("3", "1", "0", "6"))
	case 5:
		d.add("others %s %s %d", s, f, d.number(1, 3))
	case 6:
		d.add("putback %s %s %d", s, f, d.number(1, 3))
	case 7:
		d.add("version %s %s %s", s, f, d.one("9.9", "2.1", "1.0", "0.5"))
	case 8:
		d.add("timeout %s %s", s, d.one("5m", "1m", "2m"))
	default:
		d.add("withdraw %s %s", s, f)
	}
}
