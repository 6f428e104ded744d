package org.lora4j.cli.serve;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.lora4j.serve.AdapterStats;
import org.lora4j.serve.Distribution;
import org.lora4j.serve.ServingStats;

/**
 * Figures in Prometheus' text format, version 0.0.4. The names are those that the starter's meters have in Prometheus, so the dashboard
 * for Grafana shows both.
 */
final class MetricsText {
    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final double NANOS = 1e-9;
    private static final double[] PHIS = {0.5, 0.99, 1};

    private final StringBuilder text = new StringBuilder();

    /** Adds what a service did for each adapter. */
    void add(ServingStats stats) {
        Map<String, AdapterStats> adapters = new TreeMap<>(stats.adapters());
        outcomes(
                adapters,
                "lora_requests_total",
                "Requests that have ended.",
                List.of(
                        new Outcome("completed", AdapterStats::completed),
                        new Outcome("failed", AdapterStats::failed),
                        new Outcome("rejected", AdapterStats::rejected),
                        new Outcome("late", AdapterStats::late),
                        new Outcome("cancelled", AdapterStats::cancelled)));
        each(adapters, "lora_requests_waiting", "gauge", "Requests that wait.", AdapterStats::waiting);
        each(adapters, "lora_requests_running", "gauge", "Requests that are computed.", AdapterStats::running);
        each(adapters, "lora_units_total", "counter", "Tokens that were computed.", AdapterStats::units);
        times(
                adapters,
                "lora_request_latency",
                "Time from the start of a request to its output",
                AdapterStats::latencyNanos);
        times(
                adapters,
                "lora_request_queue",
                "Time from the start of a request to its computation",
                AdapterStats::queueNanos);
        outcomes(
                adapters,
                "lora_adapter_loads_total",
                "Loads of the adapter.",
                List.of(new Outcome("loaded", AdapterStats::loads), new Outcome("failed", AdapterStats::failedLoads)));
        each(
                adapters,
                "lora_adapter_evictions_total",
                "counter",
                "Deletions from memory to keep a limit.",
                AdapterStats::evictions);
        each(
                adapters,
                "lora_adapter_loaded",
                "gauge",
                "Whether the adapter is in memory.",
                figures -> figures.state() == AdapterStats.State.LOADED ? 1 : 0);
        each(adapters, "lora_adapter_size_bytes", "gauge", "Arrays of the adapter in memory.", AdapterStats::bytes);
        summary("lora_batch_seconds", "Computation of each batch.", stats.batchNanos(), NANOS);
        summary("lora_batch_requests", "Requests of each batch.", stats.batchRequests(), 1);
        summary("lora_batch_units", "Tokens of each batch.", stats.batchUnits(), 1);
    }

    /** Adds a figure without an adapter. */
    void gauge(String name, String help, long value) {
        head(name, "gauge", help);
        line(name, "", (double) value);
    }

    private void each(
            Map<String, AdapterStats> adapters,
            String name,
            String type,
            String help,
            ToDoubleFunction<AdapterStats> figure) {
        head(name, type, help);
        adapters.forEach((adapter, figures) -> line(name, label(adapter), figure.applyAsDouble(figures)));
    }

    /** How requests or loads ended, and how many did so. */
    private record Outcome(String name, ToDoubleFunction<AdapterStats> count) {}

    private void outcomes(Map<String, AdapterStats> adapters, String name, String help, List<Outcome> outcomes) {
        head(name, "counter", help);
        adapters.forEach((adapter, figures) -> outcomes.forEach(outcome -> line(
                name, label(adapter) + ",outcome=\"" + outcome.name + "\"", outcome.count.applyAsDouble(figures))));
    }

    /** The number and the sum of times, and percentiles of them. */
    private void times(
            Map<String, AdapterStats> adapters, String name, String help, Function<AdapterStats, Distribution> nanos) {
        String seconds = name + "_seconds";
        head(seconds, "summary", help + ".");
        adapters.forEach((adapter, figures) -> values(seconds, label(adapter), nanos.apply(figures), NANOS));
        String percentile = name + "_percentile_seconds";
        head(percentile, "gauge", help + ", since the start of the service.");
        adapters.forEach((adapter, figures) -> {
            for (double phi : PHIS) {
                String labels = label(adapter) + ",phi=\"" + (phi == 1 ? "1" : String.valueOf(phi)) + "\"";
                line(percentile, labels, nanos.apply(figures).percentile(100 * phi) * NANOS);
            }
        });
    }

    private void summary(String name, String help, Distribution values, double unit) {
        head(name, "summary", help);
        values(name, "", values, unit);
    }

    private void values(String name, String labels, Distribution values, double unit) {
        line(name + "_count", labels, (double) values.count());
        line(name + "_sum", labels, values.sum() * unit);
    }

    private void head(String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static String label(String adapter) {
        return "adapter=\""
                + adapter.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                + "\"";
    }

    private void line(String name, String labels, double value) {
        text.append(name);
        if (!labels.isEmpty()) {
            text.append('{').append(labels).append('}');
        }
        text.append(' ').append(value).append('\n');
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
