package org.lora4j.spring;

import org.lora4j.LoRAModel;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.text.job.TrainingService;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Shows the health of the service as {@code lora}, if the program has Spring Boot's actuator. {@code management.health.lora.enabled}
 * turns it off.
 */
@AutoConfiguration(after = {LoRAAutoConfiguration.class, LoRATrainingAutoConfiguration.class})
@ConditionalOnBooleanProperty(name = "management.health.lora.enabled", matchIfMissing = true)
public final class LoRAHealthAutoConfiguration {
    private static final String NAME = "loraHealthIndicator";

    /** Spring Boot 3. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.boot.actuate.health.HealthIndicator")
    static class Boot3 {
        @Bean
        @ConditionalOnMissingBean(name = NAME)
        org.springframework.boot.actuate.health.HealthIndicator loraHealthIndicator(ServingHealth health) {
            return () -> (health.isUp()
                            ? org.springframework.boot.actuate.health.Health.up()
                            : org.springframework.boot.actuate.health.Health.down())
                    .withDetails(health.details())
                    .build();
        }
    }

    /** Spring Boot 4 has the same types in another package. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.boot.health.contributor.HealthIndicator")
    static class Boot4 {
        @Bean
        @ConditionalOnMissingBean(name = NAME)
        org.springframework.boot.health.contributor.HealthIndicator loraHealthIndicator(ServingHealth health) {
            return () -> (health.isUp()
                            ? org.springframework.boot.health.contributor.Health.up()
                            : org.springframework.boot.health.contributor.Health.down())
                    .withDetails(health.details())
                    .build();
        }
    }

    /** Creates the configuration. */
    public LoRAHealthAutoConfiguration() {}

    @Bean
    ServingHealth loraHealth(
            ObjectProvider<LoRAModel> model,
            ObjectProvider<AdapterCache> cache,
            ObjectProvider<BatchingPredictor> predictor,
            ObjectProvider<GenerationService> generation,
            ObjectProvider<TrainingService> trainings) {
        return new ServingHealth(model, cache, predictor, generation, trainings);
    }
}
