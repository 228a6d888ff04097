package figures_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seatbeat/seatbeat/examples/measure/internal/figures"
)

func TestThousandsAreSeparated(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0", 999.4: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567", -123: "-123", -1234: "-1,234",
	} {
		assert.Equal(t, want, figures.Grouped(n))
	}
}
