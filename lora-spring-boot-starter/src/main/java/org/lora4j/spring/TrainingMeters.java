package org.lora4j.spring;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.function.Function;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.TrainingService;
import org.lora4j.text.job.TrainingUse;
import org.lora4j.text.job.UsedSettings;

/** The figures of the jobs that train adapters. */
final class TrainingMeters implements MeterBinder {
    private final TrainingService trainings;

    TrainingMeters(TrainingService trainings) {
        this.trainings = trainings;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (JobState state : JobState.values()) {
            Gauge.builder("lora.training.jobs", () -> count(state))
                    .tag("state", state.text())
                    .description("Jobs of the folder")
                    .register(registry);
        }
        Gauge.builder(
                        "lora.training.step",
                        () -> trainings.running().stream().mapToLong(Job::step).sum())
                .description("The last steps of the jobs that train, added up; 0 if none does")
                .register(registry);
        FunctionCounter.builder(
                        "lora.training.tokens",
                        trainings,
                        service -> service.use().tokens())
                .description("Tokens of the batches of all steps")
                .register(registry);
        time(registry, "computing", TrainingUse::computing, "How long trainings computed");
        time(registry, "waiting", TrainingUse::waiting, "How long trainings waited for requests");
        Gauge.builder(
                        "lora.training.steps",
                        () -> trainings.running().stream()
                                .flatMap(job -> job.settings().stream())
                                .mapToLong(UsedSettings::steps)
                                .sum())
                .description("All steps of the jobs that train, added up; 0 if none does")
                .register(registry);
    }

    private void time(MeterRegistry registry, String state, Function<TrainingUse, Duration> time, String description) {
        FunctionCounter.builder(
                        "lora.training.time",
                        trainings,
                        service -> time.apply(service.use()).toNanos() / 1e9)
                .tag("state", state)
                .baseUnit("seconds")
                .description(description)
                .register(registry);
    }

    private long count(JobState state) {
        return trainings.jobs().stream().filter(job -> job.state() == state).count();
    }
}
