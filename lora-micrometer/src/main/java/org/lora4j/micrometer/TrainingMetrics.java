package org.lora4j.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.ValidationResult;

/**
 * The progress of a training for Micrometer. It is a listener of the training.
 *
 * <pre>{@code
 * TrainingMetrics progress = TrainingMetrics.of("support");
 * progress.bindTo(registry);
 * Trainer.builder(view).listener(progress).build().fit(data);
 * }</pre>
 *
 * <table>
 * <caption>The meters; each has the tag {@code training}, the name of the training</caption>
 * <tr><th>name</th><th>kind</th><th>what it is</th></tr>
 * <tr><td>{@code lora.trainer.step}</td><td>gauge</td><td>the last step, from 1; 0 before it</td></tr>
 * <tr><td>{@code lora.trainer.epoch}</td><td>gauge</td><td>its epoch, from 1; 0 before it</td></tr>
 * <tr><td>{@code lora.trainer.loss}</td><td>gauge</td><td>the mean loss of the last 100 steps; not a number before the first</td></tr>
 * <tr><td>{@code lora.trainer.validation}</td><td>gauge</td><td>the loss or score of the last validation; not a number before it</td></tr>
 * <tr><td>{@code lora.trainer.examples}</td><td>counter</td><td>examples of all steps</td></tr>
 * </table>
 *
 * <p>Any number of threads can read the meters while the training runs. A later training with the same object goes on with them.
 */
public final class TrainingMetrics implements TrainingListener, MeterBinder {
    private final Tags tags;
    private volatile long step;
    private volatile int epoch;
    private volatile double loss = Double.NaN;
    private volatile double validation = Double.NaN;

    /** Only the thread that trains writes it. */
    private volatile long examples;

    private TrainingMetrics(Tags tags) {
        this.tags = tags;
    }

    /**
     * Creates the meters of a training.
     *
     * @param training its name, such as that of the adapter
     * @return a listener of the training, and a binder for any number of registries
     */
    public static TrainingMetrics of(String training) {
        Objects.requireNonNull(training, "training must not be null");
        return new TrainingMetrics(Tags.of("training", training));
    }

    @Override
    public void onIteration(Iteration iteration) {
        step = iteration.iteration();
        epoch = iteration.epoch();
        loss = iteration.runningLoss();
        long before = examples;
        examples = before + iteration.examples();
    }

    @Override
    public void onValidation(ValidationResult result) {
        validation = result.value();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Objects.requireNonNull(registry, "registry must not be null");
        gauge(registry, "lora.trainer.step", "The last step", metrics -> metrics.step);
        gauge(registry, "lora.trainer.epoch", "The epoch of the last step", metrics -> metrics.epoch);
        gauge(registry, "lora.trainer.loss", "The mean loss of the last 100 steps", metrics -> metrics.loss);
        gauge(
                registry,
                "lora.trainer.validation",
                "The loss or score of the last validation",
                metrics -> metrics.validation);
        FunctionCounter.builder("lora.trainer.examples", this, metrics -> metrics.examples)
                .description("Examples of all steps")
                .tags(tags)
                .register(registry);
    }

    private void gauge(
            MeterRegistry registry, String name, String description, ToDoubleFunction<TrainingMetrics> value) {
        Gauge.builder(name, this, value)
                .description(description)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
