package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// maxScrapes is how many scrapes are answered at a time. Further ones are refused with status 503.
const maxScrapes = 4

// metrics exports the server's metrics to Prometheus. The zero value exports nothing.
type metrics struct {
	provider *metric.MeterProvider
	handler  http.Handler
}

func newMetrics() (metrics, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return metrics{}, fmt.Errorf("metrics: %w", err)
	}
	return metrics{
		provider: metric.NewMeterProvider(metric.WithReader(exporter)),
		handler:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}),
	}, nil
}

// close stops the collection of metrics.
func (m metrics) close() {
	if m.provider != nil {
		_ = m.provider.Shutdown(context.Background()) // does not block: the provider sends nothing
	}
}
