package messages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIdentityIsValidWithinItsBounds(t *testing.T) {
	for _, c := range []struct {
		server, boot string
		want         bool
	}{
		{"S1", "b1", true},
		{strings.Repeat("S", MaxServerID), strings.Repeat("b", MaxBootID), true},
		{"", "b1", false},
		{"S1", "", false},
		{strings.Repeat("S", MaxServerID+1), "b1", false},
		{"S1", strings.Repeat("b", MaxBootID+1), false},
	} {
		assert.Equal(t, c.want, Identity{ServerID: c.server, BootID: c.boot}.Valid(), "%q %q", c.server, c.boot)
	}
}

func TestIdentitiesReadWell(t *testing.T) {
	assert.Equal(t, "S1 boot b1 epoch 3", Identity{ServerID: "S1", BootID: "b1", Epoch: 3}.String())
	assert.Equal(t, "lic1:6200", Server{ID: "S1", Address: "lic1:6200"}.String())
	assert.Equal(t, "S1", Server{ID: "S1"}.String())
	assert.Equal(t, "01"+strings.Repeat("00", 15), LeaseID{1}.String())
	assert.Equal(t, "ff"+strings.Repeat("00", 15), RequestID{0xff}.String())
}
