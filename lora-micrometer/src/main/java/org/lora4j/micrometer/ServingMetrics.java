package org.lora4j.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.lora4j.serve.ServingStats;

/**
 * The figures of a service for Micrometer, for each adapter.
 *
 * <table>
 * <caption>The meters; each has the tag {@code adapter}, apart from the last one</caption>
 * <tr><th>name</th><th>kind, unit</th><th>what it is</th></tr>
 * <tr><td>{@code lora.requests}</td><td>counter</td><td>requests by {@code outcome}: {@code completed}, {@code failed}, {@code
 *     rejected}, {@code late}, {@code cancelled}</td></tr>
 * <tr><td>{@code lora.requests.waiting}</td><td>gauge</td><td>requests that wait</td></tr>
 * <tr><td>{@code lora.requests.running}</td><td>gauge</td><td>requests that are computed</td></tr>
 * <tr><td>{@code lora.units}</td><td>counter</td><td>rows of features or tokens that were computed</td></tr>
 * <tr><td>{@code lora.units.reused}</td><td>counter</td><td>tokens of prompts that were not computed, because they were known</td></tr>
 * <tr><td>{@code lora.request.latency}</td><td>timer: count and sum</td><td>from start to output</td></tr>
 * <tr><td>{@code lora.request.queue}</td><td>timer: count and sum</td><td>from start to computation</td></tr>
 * <tr><td>{@code lora.request.latency.percentile}</td><td>gauge, seconds</td><td>since the start of the service, by {@code phi}: 0.5,
 *     0.99, and 1 for the longest</td></tr>
 * <tr><td>{@code lora.request.queue.percentile}</td><td>gauge, seconds</td><td>as above</td></tr>
 * <tr><td>{@code lora.adapter.loads}</td><td>counter</td><td>loads by {@code outcome}: {@code loaded}, {@code failed}</td></tr>
 * <tr><td>{@code lora.adapter.evictions}</td><td>counter</td><td>deletions from memory to keep a limit</td></tr>
 * <tr><td>{@code lora.adapter.loaded}</td><td>gauge</td><td>1 if the adapter is in memory, or else 0</td></tr>
 * <tr><td>{@code lora.adapter.size}</td><td>gauge, bytes</td><td>its arrays in memory</td></tr>
 * <tr><td>{@code lora.adapter.content}</td><td>gauge</td><td>1 for the {@code fingerprint} of the adapter in memory, if it is frozen
 *     and a cache loaded it or a request asked for it</td></tr>
 * <tr><td>{@code lora.batch}</td><td>timer: count and sum</td><td>computation of each batch</td></tr>
 * </table>
 *
 * <p>The service {@linkplain org.lora4j.serve.BatchingPredictor.Builder#maxNamesInStats bounds} the number of adapters that have figures
 * of their own. All others are the adapter {@value ServingStats#OTHERS}, so the sum over all adapters is that of the service.
 *
 * <p>The figures of an adapter are registered when a figure of another one is read after its first request: a system that collects the
 * figures has them from its second collection on. {@link #update} registers them before.
 */
public final class ServingMetrics implements MeterBinder {
    private final Supplier<ServingStats> stats;
    private final Tags tags;
    private final List<ServingMeters> bound = new CopyOnWriteArrayList<>();

    private ServingMetrics(Supplier<ServingStats> stats, Tags tags) {
        this.stats = stats;
        this.tags = tags;
    }

    /**
     * Returns the figures of a service.
     *
     * @param stats returns the figures, such as {@code predictor::stats}; called at most ten times a second
     * @return a binder for any number of registries
     */
    public static ServingMetrics of(Supplier<ServingStats> stats) {
        return of(stats, List.of());
    }

    /**
     * Returns the figures of one of several services of a program.
     *
     * @param stats returns the figures, as {@link #of(Supplier)}
     * @param tags what tells the services apart
     * @return a binder for any number of registries
     */
    public static ServingMetrics of(Supplier<ServingStats> stats, Iterable<Tag> tags) {
        Objects.requireNonNull(stats, "stats must not be null");
        Objects.requireNonNull(tags, "tags must not be null");
        return new ServingMetrics(stats, Tags.of(tags));
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Objects.requireNonNull(registry, "registry must not be null");
        ServingMeters meters = new ServingMeters(stats, tags, registry);
        meters.register();
        bound.add(meters);
    }

    /**
     * Reads the figures now, and registers the adapters that are new. A program that writes a registry itself calls this first: what it
     * then writes has all adapters, and is of one moment.
     */
    public void update() {
        bound.forEach(ServingMeters::update);
    }
}
