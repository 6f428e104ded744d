package org.lora4j.cli.serve;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.lora4j.serve.AdapterStats;
import org.lora4j.serve.Distribution;
import org.lora4j.serve.ServingStats;

/** Figures in Prometheus' text format, version 0.0.4. */
final class MetricsText {
    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final double NANOS = 1e-9;
    private static final double[] QUANTILES = {0.5, 0.9, 0.99};

    private final StringBuilder text = new StringBuilder();

    /** Adds what a service did for each adapter. */
    void add(ServingStats stats) {
        Map<String, AdapterStats> adapters = new TreeMap<>(stats.adapters());
        head("lora_serving_requests_total", "counter", "Requests that ended, by outcome.");
        adapters.forEach((name, figures) -> {
            outcome(name, "completed", figures.completed());
            outcome(name, "failed", figures.failed());
            outcome(name, "rejected", figures.rejected());
            outcome(name, "late", figures.late());
            outcome(name, "cancelled", figures.cancelled());
        });
        each(adapters, "lora_serving_waiting", "gauge", "Requests that wait now.", AdapterStats::waiting);
        each(adapters, "lora_serving_running", "gauge", "Requests that are computed now.", AdapterStats::running);
        each(adapters, "lora_serving_tokens_total", "counter", "Tokens that were computed.", AdapterStats::units);
        summaries(
                adapters,
                "lora_serving_latency_seconds",
                "Time of completed requests; the quantiles are since the start.",
                AdapterStats::latencyNanos);
        summaries(
                adapters,
                "lora_serving_queue_seconds",
                "Time of requests before their computation; the quantiles are since the start.",
                AdapterStats::queueNanos);
        each(
                adapters,
                "lora_adapter_loaded",
                "gauge",
                "1 if the adapter is in the model.",
                figures -> figures.state() == AdapterStats.State.LOADED ? 1 : 0);
        each(adapters, "lora_adapter_bytes", "gauge", "Bytes of the arrays of the adapter.", AdapterStats::bytes);
        each(adapters, "lora_adapter_loads_total", "counter", "Loads of the adapter.", AdapterStats::loads);
        each(
                adapters,
                "lora_adapter_failed_loads_total",
                "counter",
                "Loads of the adapter that failed.",
                AdapterStats::failedLoads);
        each(
                adapters,
                "lora_adapter_evictions_total",
                "counter",
                "Evictions of the adapter from the model.",
                AdapterStats::evictions);
        summary("lora_serving_batch_requests", "Requests of each batch.", stats.batchRequests(), 1);
        summary("lora_serving_batch_tokens", "Tokens of each batch.", stats.batchUnits(), 1);
        summary("lora_serving_batch_seconds", "Time of each batch.", stats.batchNanos(), NANOS);
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

    private void outcome(String adapter, String outcome, long count) {
        line("lora_serving_requests_total", label(adapter) + ",outcome=\"" + outcome + "\"", (double) count);
    }

    private void summaries(
            Map<String, AdapterStats> adapters, String name, String help, Function<AdapterStats, Distribution> figure) {
        head(name, "summary", help);
        adapters.forEach((adapter, figures) -> values(name, label(adapter), figure.apply(figures), NANOS));
    }

    private void summary(String name, String help, Distribution values, double unit) {
        head(name, "summary", help);
        values(name, "", values, unit);
    }

    private void values(String name, String labels, Distribution values, double unit) {
        String before = labels.isEmpty() ? "" : labels + ",";
        for (double quantile : QUANTILES) {
            line(name, before + "quantile=\"" + quantile + "\"", values.percentile(100 * quantile) * unit);
        }
        line(name + "_sum", labels, values.sum() * unit);
        line(name + "_count", labels, (double) values.count());
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
