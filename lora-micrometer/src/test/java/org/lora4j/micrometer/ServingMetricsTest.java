package org.lora4j.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingStats;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The meters show the figures of the service, and the dashboard uses their names. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServingMetricsTest {
    private static final int NAMES = 2;
    private static final Path DASHBOARD = Path.of("../src/site/resources/grafana-dashboard.json");

    private final LoRAModel model =
            LoRAModel.of(Network.builder(3).linear("linear", 2).build(1));
    private final BatchingPredictor predictor =
            BatchingPredictor.builder(model).maxNamesInStats(NAMES).build();
    private final INDArray x = Nd4j.ones(4, 3);

    @BeforeEach
    void predict() {
        for (String name : new String[] {"a", "b", "c", "d"}) {
            model.add(name, LoRAConfig.of(1, 1));
            predictor.predict(x, name);
        }
        predictor.predict(x, "a");
        assertThatExceptionOfType(ServingException.class).isThrownBy(() -> predictor.predict(x, "nobody"));
    }

    private double counter(MeterRegistry registry, String name, String... tags) {
        return registry.get(name).tags(tags).functionCounter().count();
    }

    @Test
    void aContentThatWasReplacedLeaves() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ServingMetrics metrics = ServingMetrics.of(predictor::stats);
        metrics.bindTo(registry);
        // Nobody has asked for a fingerprint, and what trains has none for long.
        assertThat(registry.find("lora.adapter.content").gauges()).isEmpty();
        model.setTrainable();
        String before = model.fingerprint("a");
        metrics.update();
        assertThat(contents(registry)).containsExactly("a " + before);
        model.add("other", LoRAConfig.of(2, 4));
        model.replace("a", model.adapter("other"));
        String after = model.fingerprint("a");
        metrics.update();
        assertThat(contents(registry)).containsExactly("a " + after).doesNotContain("a " + before);
        model.delete("a");
        metrics.update();
        assertThat(contents(registry)).isEmpty();
    }

    private static List<String> contents(MeterRegistry registry) {
        return registry.find("lora.adapter.content").gauges().stream()
                .map(gauge ->
                        gauge.getId().getTag("adapter") + " " + gauge.getId().getTag("fingerprint"))
                .toList();
    }

    @Test
    void theMetersAreThoseOfTheFiguresForABoundedNumberOfNames() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ServingMetrics.of(predictor::stats, Tags.of("service", "one")).bindTo(registry);
        assertThat(counter(registry, "lora.requests", "adapter", "a", "outcome", "completed", "service", "one"))
                .isEqualTo(2);
        assertThat(counter(registry, "lora.requests", "adapter", "*", "outcome", "completed"))
                .isEqualTo(2);
        assertThat(counter(registry, "lora.requests", "adapter", "*", "outcome", "failed"))
                .isEqualTo(1);
        assertThat(counter(registry, "lora.units", "adapter", "a")).isEqualTo(8);
        assertThat(counter(registry, "lora.units.reused", "adapter", "a")).isZero();
        assertThat(registry.get("lora.adapter.loaded")
                        .tags("adapter", "b")
                        .gauge()
                        .value())
                .isEqualTo(1);
        assertThat(registry.get("lora.adapter.size")
                        .tags("adapter", "b")
                        .gauge()
                        .value())
                .isEqualTo((double) model.residentBytes("b"));
        ServingStats.OfAdapter a = predictor.stats().adapter("a");
        assertThat(registry.get("lora.request.latency")
                        .tags("adapter", "a")
                        .functionTimer()
                        .totalTime(TimeUnit.NANOSECONDS))
                .isCloseTo(
                        (double) a.latencyNanos().sum(),
                        withinPercentage(1e-9)); // Micrometer divides and multiplies by a second.
        assertThat(registry.get("lora.request.queue.percentile")
                        .tags("adapter", "a", "phi", "1")
                        .timeGauge()
                        .value(TimeUnit.NANOSECONDS))
                .isCloseTo((double) a.queueNanos().max(), withinPercentage(1e-9));
        assertThat(registry.get("lora.batch").functionTimer().count()).isEqualTo(5);
        assertThat(registry.find("lora.units").meters()).hasSize(NAMES + 1);
    }

    @Test
    void anAdapterThatIsNewIsRegisteredByAReading() throws Exception {
        BatchingPredictor fresh = BatchingPredictor.builder(model).build();
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ServingMetrics.of(fresh::stats).bindTo(registry);
        assertThat(registry.find("lora.units").meters()).hasSize(1);
        fresh.predict(x, "a");
        while (registry.find("lora.units").tag("adapter", "a").functionCounter() == null) {
            Thread.sleep(10);
            assertThat(registry.get("lora.batch").functionTimer().count()).isNotNegative();
        }
        System.gc();
        assertThat(counter(registry, "lora.units", "adapter", "a")).isEqualTo(4);
    }

    @Test
    void anUpdateShowsWhatWasJustDone() {
        BatchingPredictor fresh = BatchingPredictor.builder(model).build();
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ServingMetrics metrics = ServingMetrics.of(fresh::stats);
        metrics.bindTo(registry);
        for (int i = 1; i <= 3; i++) {
            fresh.predict(x, "a");
            metrics.update();
            assertThat(counter(registry, "lora.units", "adapter", "a")).isEqualTo(4 * i);
        }
    }

    @Test
    @SuppressWarnings("NullAway")
    void nullIsRefused() {
        assertThatNullPointerException()
                .isThrownBy(() -> ServingMetrics.of(predictor::stats).bindTo(null))
                .withMessage("registry must not be null");
    }

    @Test
    void theDashboardUsesTheNamesOfAllMeters() throws IOException {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ServingMetrics.of(predictor::stats).bindTo(registry);
        Set<String> scraped = new TreeSet<>();
        registry.scrape()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.replaceAll("[{ ].*", ""))
                .forEach(scraped::add);
        Set<String> used = new TreeSet<>();
        JsonNode dashboard = new ObjectMapper().readTree(DASHBOARD.toFile());
        assertThat(dashboard.path("panels")).isNotEmpty();
        for (JsonNode expression : dashboard.findValues("expr")) {
            names(expression.asText(), used);
        }
        names(dashboard.at("/templating/list/1/definition").asText(), used);
        assertThat(used).isEqualTo(scraped);
    }

    private static void names(String expression, Set<String> used) {
        Matcher name = Pattern.compile("\\blora_[a-z_]+").matcher(expression);
        while (name.find()) {
            used.add(name.group());
        }
    }
}
