package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.micrometer.ServingMetrics;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterReloader;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.text.EncoderFolder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The code blocks of the page about Spring Boot, apart from the program in {@link Application}. */
class GuideTest {
    private final MeterRegistry registry = new SimpleMeterRegistry();

    @TempDir
    private Path temp;

    // spotless:off
    @Configuration(proxyBeanMethods = false)
    static class Own {
        @Bean
        LoRAModel model(EncoderFolder encoder) {
            return LoRAModel.of(encoder.model().meanClassifier(3, 7)); // 3 labels, and the seed of the new classifier
        }
    }

    @Test
    void aModelOfTheProgram() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class))
                .withUserConfiguration(Own.class)
                .withPropertyValues("lora.model.path=" + Folders.encoder(temp))
                .run(context -> assertThat(context.getBean(LoRAModel.class).outputSize()).isEqualTo(3));
    }

    @Test
    void springAi() {
        Path folder = Folders.encoder(temp.resolve("encoder"));
        Path adapters = Folders.adapters(folder, temp.resolve("adapters"), "support");
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues("lora.model.path=" + folder, "lora.adapters.path=" + adapters)
                .run(context -> {
                    EmbeddingModel embeddingModel = context.getBean(EmbeddingModel.class);
                    EmbeddingOptions support = EmbeddingOptions.builder().model("support").build();
                    EmbeddingResponse response = embeddingModel.call(new EmbeddingRequest(List.of("where is my parcel"), support));
                    assertThat(response.getResult().getOutput()).hasSize(24);
                });
    }

    @Test
    void withoutSpring() throws IOException {
        Path folder = Folders.encoder(temp.resolve("encoder"));
        Path adapters = Folders.adapters(folder, temp.resolve("adapters"), "customer-a");
        EncoderFolder encoder = EncoderFolder.open(folder);
        LoRAModel model = LoRAModel.of(encoder.sentenceEmbeddings());
        AdapterCache cache = AdapterCache.builder(model, adapters).build();
        AdapterReloader reloader = AdapterReloader.start(cache, adapters, Duration.ofSeconds(10));
        BatchingPredictor predictor = BatchingPredictor.builder(model).adapters(cache).build();
        ServingMetrics.of(predictor::stats).bindTo(registry);
        INDArray embedding = predictor.predict(encoder.tokens(List.of("where is my parcel")), "customer-a");
        assertThat(embedding.columns()).isEqualTo(24);

        predictor.close(); // at the end: rejects requests, and waits for those that it has accepted
        reloader.close();
        encoder.close();
        assertThat(registry.getMeters()).isNotEmpty();
    }
    // spotless:on
}
