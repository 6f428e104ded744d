package org.lora4j.spring;

import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import org.lora4j.micrometer.ServingMetrics;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.TextService;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Gives the figures of the service to Micrometer, if the program has it: see {@link ServingMetrics}. */
@AutoConfiguration(after = LoRAAutoConfiguration.class)
@ConditionalOnClass(MeterBinder.class)
public final class LoRAMetricsAutoConfiguration {
    /** Creates the configuration. */
    public LoRAMetricsAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnSingleCandidate(BatchingPredictor.class)
    ServingMetrics loraPredictorMetrics(BatchingPredictor predictor, ObjectProvider<TextService> texts) {
        // It has other predictors too, for adapters with other heads.
        TextService all = texts.getIfUnique();
        return ServingMetrics.of(all == null ? predictor::stats : all::stats);
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnSingleCandidate(GenerationService.class)
    ServingMetrics loraGenerationMetrics(GenerationService service, ObjectProvider<TextService> texts) {
        TextService others = texts.getIfUnique();
        return ServingMetrics.of(
                others == null ? service::stats : () -> ServingStats.sum(List.of(service.stats(), others.stats())));
    }
}
