package org.lora4j.spring;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.spring.LoRAProperties.Training;
import org.lora4j.text.Adapters;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.job.JobLimits;
import org.lora4j.text.job.TrainingService;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;

/**
 * Creates a {@link TrainingService} if {@code lora.training.path} is set, there is one folder of a model, and the program has none. Its jobs put
 * their adapters into {@code lora.adapters.path}; without it, each stays in the folder of its job. A training lets the requests of the
 * {@link BatchingPredictor} and the {@link GenerationService} go first. When the context is closed, the jobs stop, and go on at the next start.
 */
@AutoConfiguration(after = LoRAAutoConfiguration.class)
@ConditionalOnProperty("lora.training.path")
public final class LoRATrainingAutoConfiguration {
    /** Creates the configuration. */
    public LoRATrainingAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(TextModel.class)
    TrainingService loraTrainings(
            TextModel model,
            LoRAProperties properties,
            ObjectProvider<BatchingPredictor> predictor,
            ObjectProvider<GenerationService> generation,
            ObjectProvider<Adapters> known,
            ObjectProvider<AdapterCache> cache,
            ObjectProvider<TextService> texts)
            throws IOException {
        Training training = properties.training();
        Path path = Objects.requireNonNull(training.path(), "lora.training.path must be set");
        TrainingService.Builder builder = TrainingService.builder(model, path)
                .serving(requests(predictor.getIfUnique(), generation.getIfUnique()))
                .limits(limits(training));
        Path adapters = properties.adapters().path();
        if (adapters != null) {
            builder.adapters(adapters, refresh(known.getIfUnique(), cache.getIfUnique(), texts.getIfUnique()));
        }
        LoRAAutoConfiguration.ifSet(training.share(), builder::share);
        LoRAAutoConfiguration.ifSet(training.checkpointEvery(), builder::checkpointEvery);
        LoRAAutoConfiguration.ifSet(training.turn(), builder::turn);
        LoRAAutoConfiguration.ifSet(training.atOnce(), builder::atOnce);
        return builder.build();
    }

    private static BooleanSupplier requests(
            @Nullable BatchingPredictor predictor, @Nullable GenerationService generation) {
        return () -> (predictor != null && !predictor.isIdle()) || (generation != null && !generation.isIdle());
    }

    /** The next request for an adapter of this name reads its files. */
    private static Consumer<String> refresh(
            @Nullable Adapters known, @Nullable AdapterCache cache, @Nullable TextService texts) {
        return name -> {
            if (texts != null) {
                texts.refresh(name);
            } else if (known != null) {
                known.forget(name);
            }
            if (cache != null && cache.isLoaded(name)) {
                boolean unused = cache.forget(name);
            }
        };
    }

    private static JobLimits limits(Training training) {
        JobLimits most = JobLimits.DEFAULT;
        return new JobLimits(
                Objects.requireNonNullElse(training.maxWaiting(), most.waiting()),
                Objects.requireNonNullElse(training.maxJobs(), most.jobs()),
                training.maxFileBytes() == null
                        ? most.bytes()
                        : training.maxFileBytes().toBytes(),
                Objects.requireNonNullElse(training.maxTokens(), most.tokens()));
    }
}
