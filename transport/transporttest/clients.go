package transporttest

// clients numbers the client instances that a server has met. Leases name their client by its number.
type clients struct {
	instances [][16]byte
	numbers   map[[16]byte]uint32 // indexes in instances
}

func newClients() clients { return clients{numbers: map[[16]byte]uint32{}} }

// number returns the number of an instance, which is new when the server has not met it.
func (c *clients) number(instance [16]byte) uint32 {
	if n, ok := c.numbers[instance]; ok {
		return n
	}
	n := uint32(len(c.instances))
	c.numbers[instance] = n
	c.instances = append(c.instances, instance)
	return n
}

// instance returns the instance with a number.
func (c *clients) instance(number uint32) [16]byte { return c.instances[number] }
