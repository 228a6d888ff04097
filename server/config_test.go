package server

import (
	"crypto/tls"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seatbeat/seatbeat/internal/seats"
	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/ledger"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestValidateNamesEveryFault(t *testing.T) {
	err := Config{
		Features: []license.Feature{
			{Name: "", Seats: -1}, {Name: "f", Version: messages.V(-1, 0), Share: license.Share(license.Shares)},
			{Name: "f", Seats: license.MaxSeats + 1, Overdraft: license.MaxSeats + 1}, {Name: "g", Share: license.ShareUser}, {Name: "g", Overdraft: -1},
		},
		ClientTimeout: time.Millisecond, RetryAfter: -1, TLS: &tls.Config{}, Insecure: true, InsecureRemote: true,
		Limits: Limits{Clients: -1, InFlight: -1, ClientLeases: -1, Leases: seats.MaxSlots + 1, Rate: -1, Burst: 1023, ClientWaiting: -1, Waiting: -1,
			IdentityClients: -1, IdentityLeases: -1, IdentityWaiting: -1, IdentityRate: -1, IdentityBurst: 1023},
	}.Validate()
	for _, field := range []string{
		"Ledger", "Features[0]", "Features[0].Seats", "Features[1]", "Features[1].Share", "Features[2].Share", "Features[2].Seats",
		"Features[2].Overdraft", "Features[4].Share", "Features[4].Overdraft",
		"ClientTimeout", "RetryAfter", "Insecure", "Limits.Clients", "Limits.InFlight", "Limits.ClientLeases", "Limits.Leases",
		"Limits.Rate", "Limits.Burst", "Limits.ClientWaiting", "Limits.Waiting", "Limits.IdentityClients",
		"Limits.IdentityLeases", "Limits.IdentityWaiting", "Limits.IdentityRate", "Limits.IdentityBurst",
	} {
		assert.ErrorContains(t, err, field+" ")
	}
	err = Config{Ledger: &ledger.Memory{}, TLS: &tls.Config{}, InsecureRemote: true}.Validate()
	assert.ErrorContains(t, err, "TLS.ClientAuth ")
	assert.ErrorContains(t, err, "InsecureRemote ")
	assert.ErrorContains(t, Config{}.Validate(), "TLS ")
	_, err = New(Config{})
	assert.Error(t, err)
}

func TestAForgottenUnitIsAFaultOfEveryDuration(t *testing.T) {
	found := 0
	for field := range reflect.TypeFor[Config]().Fields() {
		if !field.IsExported() || field.Type != reflect.TypeFor[time.Duration]() {
			continue
		}
		found++
		c := Config{Ledger: &ledger.Memory{}, Insecure: true}
		require.NoError(t, c.Validate())
		reflect.ValueOf(&c).Elem().FieldByIndex(field.Index).SetInt(30)
		assert.ErrorContains(t, c.Validate(), field.Name+" is 30ns: must be ")
		assert.ErrorContains(t, c.Validate(), "did you mean 30s?")
	}
	assert.Equal(t, 2, found)
}
