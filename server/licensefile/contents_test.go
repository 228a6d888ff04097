package licensefile

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/messages"
	"github.com/seatbeat/seatbeat/server/license"
)

func TestContentsOutsideOfTheFormatAreRefusedByTheNameOfTheirField(t *testing.T) {
	of := func(field, raw string) string { return withRaw(t, field, raw) }
	inFeature := func(raw string) string { return of("features", "["+raw+"]") }
	long := strings.Repeat("x", license.MaxName+1)
	for _, c := range []struct{ contents, field string }{
		{with(t, "serial", nil), "serial"},
		{of("serial", `""`), "serial"},
		{of("serial", "7"), "serial"},
		{of("serial", "null"), "serial"},
		{of("serial", `"`+long+`"`), "serial"},
		{of("serial", `"a\u0007"`), "serial"},
		{of("serial", `"a\u202eb"`), "serial"},
		{of("serial", `"L-1","serial":"L-1"`), "serial"},
		{of("serial", `"L-1","s\u0065rial":"L-2"`), "serial"},
		{of("serial", `"L-1","Serial":"L-2"`), `"Serial"`},
		{with(t, "vendor", nil), "vendor"},
		{of("vendor", `"`+long+`"`), "vendor"},
		{with(t, "customer", nil), "customer"},
		{of("customer", "{}"), "customer"},
		{of("server", `"`+strings.Repeat("s", messages.MaxServerID+1)+`"`), "server"},
		{with(t, "issued", nil), "issued"},
		{of("issued", `"yesterday"`), "issued"},
		{of("issued", `"2030-01-01T00:00:00.5Z"`), "issued"},
		{of("issued", `"2030-01-01T00:00:00.0Z"`), "issued"},
		{of("issued", `"2030-01-01"`), "issued"},
		{of("issued", `"2030-01-01T00:00:00+01:00"`), "issued"},
		{of("issued", `"2030-02-30T00:00:00Z"`), "issued"},
		{of("issued", `"1999-12-31T23:59:59Z"`), "issued"},
		{of("issued", `"0001-01-01T00:00:00Z"`), "issued"},
		{of("starts", "1"), "starts"},
		{of("expires", `"2001-01-01T00:00:00Z"`), "expires"},
		{with(t, "features", nil), "features"},
		{of("features", "{}"), "features"},
		{of("features", "[]"), "features"},
		{inFeature("7"), "features[0]"},
		{inFeature(`{"version":"1.0","seats":1}`), "features[0].name"},
		{inFeature(`{"name":"","version":"1.0","seats":1}`), "features[0].name"},
		{inFeature(`{"name":"a\nb","version":"1.0","seats":1}`), "features[0].name"},
		{inFeature(`{"name":"f","seats":1}`), "features[0].version"},
		{inFeature(`{"name":"f","version":1.0,"seats":1}`), "features[0].version"},
		{inFeature(`{"name":"f","version":"1","seats":1}`), "features[0].version"},
		{inFeature(`{"name":"f","version":"01.0","seats":1}`), "features[0].version"},
		{inFeature(`{"name":"f","version":"1.0.0","seats":1}`), "features[0].version"},
		{inFeature(`{"name":"f","version":"1.10000","seats":1}`), "features[0].version"},
		{inFeature(`{"name":"f","version":"-1.0","seats":1}`), "features[0].version"},
		{inFeature(`{"name":"f","version":"1.0"}`), "features[0].seats"},
		{inFeature(`{"name":"f","version":"1.0","seats":"1"}`), "features[0].seats"},
		{inFeature(`{"name":"f","version":"1.0","seats":1.0}`), "features[0].seats"},
		{inFeature(`{"name":"f","version":"1.0","seats":1e3}`), "features[0].seats"},
		{inFeature(`{"name":"f","version":"1.0","seats":-1}`), "features[0].seats"},
		{inFeature(`{"name":"f","version":"1.0","seats":-0}`), "features[0].seats"},
		{inFeature(fmt.Sprintf(`{"name":"f","version":"1.0","seats":%d}`, license.MaxSeats+1)), "features[0].seats"},
		{inFeature(fmt.Sprintf(`{"name":"f","version":"1.0","seats":%d0}`, math.MaxInt)), "features[0].seats"},
		{inFeature(`{"name":"f","version":"1.0","seats":1,"seats":2}`), "features[0].seats"},
		{inFeature(`{"name":"f","version":"1.0","seats":1,"overdraft":-1}`), "features[0].overdraft"},
		{inFeature(`{"name":"f","version":"1.0","seats":1,"overdraft":true}`), "features[0].overdraft"},
		{inFeature(`{"name":"f","version":"1.0","seats":1,"share":"site"}`), "features[0].share"},
		{inFeature(`{"name":"f","version":"1.0","seats":1,"share":1}`), "features[0].share"},
		{inFeature(`{"name":"f","version":"1.0","seats":1,"share":""}`), "features[0].share"},
		{inFeature(`{"name":"f","version":"1.0","seats":1},{"name":"f","version":"2.0","seats":1,"share":"user"}`), "features[1].share"},
		{inFeature(`{"name":"f","version":"1.0","seats":1,"expires":"never"}`), "features[0].expires"},
		{inFeature(`{"name":"f","version":"1.0","seats":1},{"name":"g","version":"1.0","seats":1,"free":1}`), "features[1].free"},
	} {
		_, err := trusting(t).Open(signedText(t, c.contents))
		refused := refusal(t, err)
		assert.Contains(t, []Reason{Malformed, UnknownField}, refused.Reason, c.contents)
		var fault *messages.FieldError
		if assert.ErrorAs(t, err, &fault, c.contents) {
			assert.Equal(t, c.field, fault.Field, c.contents)
		}
	}
}

func TestOtherFormatIsRefusedBeforeItsFieldsAre(t *testing.T) {
	for _, contents := range []string{
		withRaw(t, "format", "2"), withRaw(t, "format", `"1"`), withRaw(t, "format", "1.0"), with(t, "format", nil),
		"null", `{"format":2,"shape":"round"}`,
	} {
		_, err := trusting(t).Open(signedText(t, contents))
		assert.Equal(t, Malformed, refusal(t, err).Reason, contents)
		assert.ErrorContains(t, err, "this version reads 1: update it", contents)
		assert.NotContains(t, err.Error(), "shape", contents)
	}
}

func TestContentsThatAreNoJSONObjectAreRefused(t *testing.T) {
	for _, contents := range []string{
		"", "[]", "7", `"format"`, `{"format":1`, with(t, "serial", "L-1") + " {}", with(t, "serial", "L-1") + "x",
		withRaw(t, "serial", "\"\xff\""), strings.Repeat("[", 20_000),
	} {
		_, err := trusting(t).Open(signedText(t, contents))
		assert.Error(t, err, contents)
		var l Contents
		assert.Error(t, l.UnmarshalJSON([]byte(contents)), contents)
	}
}

func TestAllFaultsOfAFileAreToldAtOnce(t *testing.T) {
	_, err := trusting(t).Open(signedText(t, `{"format":1,"serial":7,"colour":"red","features":[{"name":"f","seats":-1}]}`))
	for _, says := range []string{"serial is", "vendor is missing", "issued is missing", "colour is not known", "features[0].version is missing"} {
		assert.ErrorContains(t, err, says)
	}
	assert.NotContains(t, err.Error(), "\n", "it goes into one line of a log")
}
