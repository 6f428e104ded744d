package org.lora4j.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.Validation;
import org.nd4j.linalg.factory.Nd4j;

/** The meters show the progress of a training while it runs. */
class TrainingMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private double gauge(String name) {
        return registry.get(name).tags("training", "support").gauge().value();
    }

    @Test
    void theyAreThoseOfTheLastStep() {
        TrainingMetrics metrics = TrainingMetrics.of("support");
        metrics.bindTo(registry);
        assertThat(gauge("lora.trainer.step")).isZero();
        assertThat(gauge("lora.trainer.loss")).isNaN();
        assertThat(gauge("lora.trainer.validation")).isNaN();
        List<Batch> data = List.of(
                new Batch(Input.of(Nd4j.ones(4, 3)), Nd4j.zeros(4, 2)),
                new Batch(Input.of(Nd4j.ones(2, 3)), Nd4j.zeros(2, 2)));
        List<Double> losses = new ArrayList<>();
        Trainer.builder(Network.builder(3).linear("linear", 2).build(1))
                .loss(Loss.meanSquaredError())
                .epochs(3)
                .validation(Validation.loss(data))
                .listener(metrics)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        losses.add(iteration.loss());
                        assertThat(gauge("lora.trainer.step")).isEqualTo(losses.size());
                        int epoch = (losses.size() + 1) / 2;
                        assertThat(gauge("lora.trainer.epoch")).isEqualTo(epoch);
                        assertThat(gauge("lora.trainer.loss"))
                                .isCloseTo(
                                        losses.stream()
                                                .mapToDouble(Double::doubleValue)
                                                .average()
                                                .orElseThrow(),
                                        within(1e-9));
                    }
                })
                .build()
                .fit(data);
        assertThat(losses).hasSize(6);
        assertThat(registry.get("lora.trainer.examples")
                        .tags("training", "support")
                        .functionCounter()
                        .count())
                .isEqualTo(18);
        assertThat(gauge("lora.trainer.validation")).isPositive().isLessThan(losses.get(0));
    }

    /** As the other meters, they need no reference of the program to them. */
    @Test
    void severalTrainingsAreInOneRegistry() {
        PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        for (String name : List.of("support", "style")) {
            TrainingMetrics metrics = TrainingMetrics.of(name);
            metrics.onIteration(new TrainingListener.Iteration(7, 2, 10, 0.5, 0.6, 1));
            metrics.bindTo(prometheus);
        }
        assertThat(prometheus.scrape())
                .contains("lora_trainer_step{training=\"support\"} 7.0", "lora_trainer_step{training=\"style\"} 7.0")
                .contains("lora_trainer_examples_total{training=\"support\"} 10.0");
    }
}
