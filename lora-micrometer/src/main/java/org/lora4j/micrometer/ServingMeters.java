package org.lora4j.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.lora4j.serve.ServingStats;

/** The meters of a service in one registry. They read the same figures for a moment, and register adapters that are new in them. */
final class ServingMeters {
    private static final long MOMENT_NANOS = 100_000_000;

    private final Supplier<ServingStats> source;
    private final Tags tags;
    private final MeterRegistry registry;
    private final Set<String> registered = ConcurrentHashMap.newKeySet();
    private final MultiGauge contents;
    private volatile Reading last;

    /** Figures and when they were read. */
    private record Reading(ServingStats stats, long nanos) {}

    ServingMeters(Supplier<ServingStats> source, Tags tags, MeterRegistry registry) {
        this.source = source;
        this.tags = tags;
        this.registry = registry;
        contents = MultiGauge.builder("lora.adapter.content")
                .description("The content of the adapter in memory")
                .tags(tags)
                .register(registry);
        last = read();
    }

    private Reading read() {
        return new Reading(source.get(), System.nanoTime());
    }

    void register() {
        FunctionTimer.builder(
                        "lora.batch",
                        this,
                        meters -> stats().batchNanos().count(),
                        meters -> stats().batchNanos().sum(),
                        TimeUnit.NANOSECONDS)
                .description("Computation of each batch")
                .tags(tags)
                .register(registry);
        registerNew(last.stats());
        nameContents(last.stats());
    }

    /** A content that was replaced leaves, because each one has a tag of its own. */
    private void nameContents(ServingStats stats) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        stats.adapters().forEach((adapter, figures) -> {
            String fingerprint = figures.fingerprint();
            if (fingerprint != null) {
                rows.add(MultiGauge.Row.of(Tags.of("adapter", adapter, "fingerprint", fingerprint), 1));
            }
        });
        contents.register(rows, true);
    }

    private ServingStats stats() {
        if (System.nanoTime() - last.nanos() > MOMENT_NANOS) {
            update();
        }
        return last.stats();
    }

    /** Reads the figures of this moment, whatever the age of the last ones. */
    void update() {
        last = read();
        registerNew(last.stats());
        nameContents(last.stats());
    }

    private void registerNew(ServingStats stats) {
        stats.adapters().keySet().stream().filter(registered::add).forEach(this::register);
    }

    private void register(String adapter) {
        Tags own = tags.and("adapter", adapter);
        requests(own, "completed", adapter, ServingStats.OfAdapter::completed);
        requests(own, "failed", adapter, ServingStats.OfAdapter::failed);
        requests(own, "rejected", adapter, ServingStats.OfAdapter::rejected);
        requests(own, "late", adapter, ServingStats.OfAdapter::late);
        requests(own, "cancelled", adapter, ServingStats.OfAdapter::cancelled);
        gauge("lora.requests.waiting", "Requests that wait", own, adapter, ServingStats.OfAdapter::waiting);
        gauge("lora.requests.running", "Requests that are computed", own, adapter, ServingStats.OfAdapter::running);
        counter(
                "lora.units",
                "Rows of features or tokens that were computed",
                own,
                adapter,
                ServingStats.OfAdapter::units);
        counter(
                "lora.units.reused",
                "Tokens of prompts that were not computed, because they were known",
                own,
                adapter,
                ServingStats.OfAdapter::reusedTokens);
        timer(
                "lora.request.latency",
                "Time from the start of a request to its output",
                own,
                adapter,
                ServingStats.OfAdapter::latencyNanos);
        timer(
                "lora.request.queue",
                "Time from the start of a request to its computation",
                own,
                adapter,
                ServingStats.OfAdapter::queueNanos);
        String loads = "Loads of the adapter";
        counter("lora.adapter.loads", loads, own.and("outcome", "loaded"), adapter, ServingStats.OfAdapter::loads);
        counter(
                "lora.adapter.loads",
                loads,
                own.and("outcome", "failed"),
                adapter,
                ServingStats.OfAdapter::failedLoads);
        counter(
                "lora.adapter.evictions",
                "Deletions from memory to keep a limit",
                own,
                adapter,
                ServingStats.OfAdapter::evictions);
        gauge(
                "lora.adapter.loaded",
                "Whether the adapter is in memory",
                own,
                adapter,
                figures -> figures.state() == ServingStats.OfAdapter.State.LOADED ? 1 : 0);
        Gauge.builder("lora.adapter.size", this, of(adapter, ServingStats.OfAdapter::bytes))
                .description("Arrays of the adapter in memory")
                .baseUnit("bytes")
                .tags(own)
                .strongReference(true)
                .register(registry);
    }

    private void requests(Tags own, String outcome, String adapter, ToDoubleFunction<ServingStats.OfAdapter> figure) {
        counter("lora.requests", "Requests that have ended", own.and("outcome", outcome), adapter, figure);
    }

    private void counter(
            String name,
            String description,
            Tags own,
            String adapter,
            ToDoubleFunction<ServingStats.OfAdapter> figure) {
        FunctionCounter.builder(name, this, of(adapter, figure))
                .description(description)
                .tags(own)
                .register(registry);
    }

    private void gauge(
            String name,
            String description,
            Tags own,
            String adapter,
            ToDoubleFunction<ServingStats.OfAdapter> figure) {
        Gauge.builder(name, this, of(adapter, figure))
                .description(description)
                .tags(own)
                .strongReference(true)
                .register(registry);
    }

    private void timer(
            String name,
            String description,
            Tags own,
            String adapter,
            Function<ServingStats.OfAdapter, ServingStats.Distribution> nanos) {
        ToLongFunction<ServingMeters> count = meters -> nanos.apply(of(adapter)).count();
        FunctionTimer.builder(
                        name,
                        this,
                        count,
                        of(adapter, figures -> nanos.apply(figures).sum()),
                        TimeUnit.NANOSECONDS)
                .description(description)
                .tags(own)
                .register(registry);
        for (String phi : new String[] {"0.5", "0.99", "1"}) {
            double percent = 100 * Double.parseDouble(phi);
            TimeGauge.builder(
                            name + ".percentile",
                            this,
                            TimeUnit.NANOSECONDS,
                            of(adapter, figures -> nanos.apply(figures).percentile(percent)))
                    .description(description + ", since the start of the service")
                    .tags(own.and("phi", phi))
                    .strongReference(true)
                    .register(registry);
        }
    }

    /** A figure of an adapter. The function holds these meters, because the registry itself does not. */
    private ToDoubleFunction<ServingMeters> of(String adapter, ToDoubleFunction<ServingStats.OfAdapter> figure) {
        return meters -> figure.applyAsDouble(this.of(adapter));
    }

    /** A service never drops an adapter that has figures of its own. */
    private ServingStats.OfAdapter of(String adapter) {
        return stats().adapter(adapter);
    }
}
