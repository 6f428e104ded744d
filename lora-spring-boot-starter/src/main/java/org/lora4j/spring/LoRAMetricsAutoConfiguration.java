package org.lora4j.spring;

import io.micrometer.core.instrument.binder.MeterBinder;
import org.lora4j.micrometer.ServingMetrics;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.text.job.TrainingService;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Gives the figures of the service to Micrometer, if the program has it: see {@link ServingMetrics}. */
@AutoConfiguration(after = {LoRAAutoConfiguration.class, LoRATrainingAutoConfiguration.class})
@ConditionalOnClass(MeterBinder.class)
public final class LoRAMetricsAutoConfiguration {
    /** Creates the configuration. */
    public LoRAMetricsAutoConfiguration() {}

    /** Its figures are also those of the predictor, if it has that of {@link LoRAAutoConfiguration}. */
    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnSingleCandidate(GenerationService.class)
    ServingMetrics loraGenerationMetrics(GenerationService service) {
        return ServingMetrics.of(service::stats);
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnSingleCandidate(BatchingPredictor.class)
    ServingMetrics loraPredictorMetrics(BatchingPredictor predictor) {
        return ServingMetrics.of(predictor::stats);
    }

    @Bean
    @ConditionalOnMissingBean(name = "loraTrainingMeters")
    @ConditionalOnSingleCandidate(TrainingService.class)
    MeterBinder loraTrainingMeters(TrainingService trainings) {
        return new TrainingMeters(trainings);
    }
}
