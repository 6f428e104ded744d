package org.lora4j.cli.serve;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.micrometer.ServingMetrics;
import org.lora4j.serve.ServingStats;

/** The figures of the server for Prometheus: the meters of {@link ServingMetrics}, and gauges of the server itself. */
final class ServerMetrics {
    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ServingMetrics serving;

    /**
     * Creates the meters of a service.
     *
     * @param stats returns its figures without waiting
     */
    ServerMetrics(Supplier<ServingStats> stats) {
        serving = ServingMetrics.of(stats);
        serving.bindTo(registry);
    }

    /**
     * Adds a figure without an adapter.
     *
     * @param unit its unit, which ends its name in Prometheus, or null for a count
     */
    void gauge(String name, @Nullable String unit, String description, Supplier<Number> value) {
        Gauge.builder(name, value).baseUnit(unit).description(description).register(registry);
    }

    /** Returns the figures of this moment in Prometheus' text format. */
    byte[] text() {
        serving.update();
        return registry.scrape(TYPE).getBytes(StandardCharsets.UTF_8);
    }
}
