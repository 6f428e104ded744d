package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.linalg.Precision;
import org.lora4j.micrometer.ServingMetrics;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterReloader;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingListener;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextService;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.support.SpringFactoriesLoader;

/** What the properties create. */
@MustEnd
class LoRAAutoConfigurationTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    LoRAAutoConfiguration.class,
                    LoRAMetricsAutoConfiguration.class,
                    LoRAHealthAutoConfiguration.class));

    @TempDir
    private Path folder;

    private Path encoder;
    private Path adapters;

    @BeforeEach
    void writeFolders() {
        encoder = Folders.encoder(folder.resolve("encoder"));
        adapters = Folders.adapters(encoder, folder.resolve("adapters"), "a", "b");
    }

    private ApplicationContextRunner served(String... properties) {
        return runner.withPropertyValues("lora.model.path=" + encoder, "lora.adapters.path=" + adapters)
                .withPropertyValues(properties);
    }

    @Test
    void aFolderOfAnEncoderIsServed() {
        served().run(context -> {
            assertThat(context)
                    .hasSingleBean(EncoderFolder.class)
                    .hasSingleBean(LoRAModel.class)
                    .hasSingleBean(AdapterCache.class)
                    .hasSingleBean(BatchingPredictor.class)
                    .hasSingleBean(ServingMetrics.class)
                    .doesNotHaveBean(GenerationService.class)
                    .doesNotHaveBean(AdapterReloader.class);
            Input text = context.getBean(EncoderFolder.class).tokens(List.of("where is my parcel"));
            BatchingPredictor predictor = context.getBean(BatchingPredictor.class);
            INDArray a = predictor.predict(text, "a");
            assertThat(a).isNotEqualTo(predictor.predict(text, "b"));
            assertThat(a).isEqualTo(context.getBean(LoRAModel.class).using("a").predict(text));
            assertThatExceptionOfType(ServingException.class).isThrownBy(() -> predictor.predict(text, LoRAModel.BASE));
        });
    }

    @Test
    void aFolderOfADecoderIsServed() {
        Path decoder = Folders.decoder(folder.resolve("decoder"));
        Folders.decoderAdapter(decoder, folder.resolve("styles").resolve("c"), 3);
        runner.withPropertyValues(
                        "lora.model.path=" + decoder,
                        "lora.adapters.path=" + folder.resolve("styles"),
                        "lora.serve.max-running=3",
                        "lora.serve.max-conversations=2",
                        "lora.serve.max-cached-tokens=11",
                        "lora.serve.max-prefix-bytes=1MB",
                        "lora.serve.max-waiting=9",
                        "lora.serve.max-waiting-per-adapter=8",
                        "lora.serve.max-names-in-stats=1")
                .run(context -> {
                    assertThat(context)
                            .hasSingleBean(DecoderFolder.class)
                            .hasSingleBean(GenerationService.class)
                            .hasSingleBean(BatchingPredictor.class)
                            .hasSingleBean(TextService.class)
                            .hasSingleBean(ServingMetrics.class);
                    GenerationService service = context.getBean(GenerationService.class);
                    GenerationOptions four = GenerationOptions.greedy().withMaxTokens(4);
                    int[] prompt = {5, 6, 7};
                    assertThat(service.generate(GenerationRequest.of("c", prompt, four))
                                    .result()
                                    .join()
                                    .newTokens())
                            .hasSize(4);
                    assertThatExceptionOfType(ServingException.class)
                            .isThrownBy(() -> service.generate(GenerationRequest.of(
                                    "c", prompt, GenerationOptions.greedy().withMaxTokens(40))))
                            .withMessageContaining("at most 12 tokens");
                });
    }

    /** Without the grace, a context that is closed would wait for all answers. */
    @Test
    void aContextThatIsClosedEndsGenerationsAfterTheGrace() throws InterruptedException {
        Path decoder = Folders.decoder(folder.resolve("decoder"));
        List<GenerationHandle> handles = new ArrayList<>();
        CountDownLatch begun = new CountDownLatch(1);
        runner.withPropertyValues(
                        "lora.model.path=" + decoder,
                        "lora.serve.allow-base=true",
                        "lora.serve.max-running=1",
                        "lora.serve.grace=0s")
                .run(context -> {
                    GenerationService service = context.getBean(GenerationService.class);
                    GenerationOptions eight = GenerationOptions.greedy().withMaxTokens(8);
                    for (int i = 0; i < 50; i++) {
                        handles.add(service.generate(GenerationRequest.of(LoRAModel.BASE, new int[] {5, 6, 7}, eight)
                                .withConsumer(token -> {
                                    begun.countDown();
                                    sleep();
                                })));
                    }
                    begun.await();
                });
        Patience.await(() -> handles.stream().allMatch(handle -> handle.result().isDone()));
        assertThat(handles.stream().filter(handle -> handle.result().isCompletedExceptionally()))
                .hasSizeGreaterThan(30);
    }

    private static void sleep() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aContextThatIsClosedRefusesTextsThatWaitAfterTheGrace() {
        List<CompletableFuture<INDArray>> outputs = new ArrayList<>();
        served(
                        "lora.serve.grace=0s",
                        "lora.serve.max-batch-rows=1",
                        "lora.serve.max-waiting=1000",
                        "lora.serve.max-waiting-per-adapter=1000")
                .run(context -> {
                    Input text = context.getBean(EncoderFolder.class).tokens(List.of("where is my parcel"));
                    BatchingPredictor predictor = context.getBean(BatchingPredictor.class);
                    for (int i = 0; i < 900; i++) {
                        outputs.add(predictor.predictAsync(text, "a"));
                    }
                });
        assertThat(outputs).allMatch(CompletableFuture::isDone);
        assertThat(outputs.stream().filter(CompletableFuture::isCompletedExceptionally))
                .isNotEmpty();
    }

    @Test
    void embeddingsHaveTheLengthOfTheProperty() {
        served("lora.model.dimensions=5").run(context -> {
            Input text = context.getBean(EncoderFolder.class).tokens(List.of("parcel"));
            INDArray embedding = context.getBean(BatchingPredictor.class).predict(text, "a");
            assertThat(embedding.columns()).isEqualTo(5);
            assertThat(embedding.norm2Number().doubleValue()).isCloseTo(1, within(1e-5));
        });
        served("lora.model.dimensions=0").run(context -> assertThat(context).hasFailed());
    }

    @Test
    void aPrecisionOfTwoWordsIsWrittenWithAHyphen() {
        served("lora.model.storage=int8-dynamic")
                .run(context -> assertThat(
                                context.getBean(LoRAProperties.class).model().storage())
                        .isEqualTo(Precision.INT8_DYNAMIC));
    }

    @Test
    void theLimitsAreThoseOfTheProperties() {
        served(
                        "lora.model.storage=bfloat16",
                        "lora.model.kind=hidden-states",
                        "lora.adapters.max-bytes=0B",
                        "lora.adapters.max-number=0",
                        "lora.serve.allow-base=true",
                        "lora.serve.max-waiting=7",
                        "lora.serve.max-waiting-per-adapter=5",
                        "lora.serve.max-names-in-stats=1",
                        "lora.serve.max-batch-rows=3",
                        "lora.serve.max-wait=0ms")
                .run(context -> {
                    LoRAProperties properties = context.getBean(LoRAProperties.class);
                    assertThat(properties.model().storage()).isEqualTo(Precision.BFLOAT16);
                    BatchingPredictor predictor = context.getBean(BatchingPredictor.class);
                    Input text = context.getBean(EncoderFolder.class).tokens(List.of("where is my parcel"));
                    assertThat(predictor.predict(text, LoRAModel.BASE).rows()).isEqualTo(6);
                    predictor.predict(text, "a");
                    predictor.predict(text, "b");
                    assertThat(context.getBean(AdapterCache.class).stats().evictions())
                            .isEqualTo(2);
                    assertThat(predictor.stats().adapters()).containsOnlyKeys(LoRAModel.BASE, "*");
                });
    }

    @Test
    void adaptersThatAreKeptAreLoadedAtTheStart() {
        served("lora.adapters.keep=b,nobody", "lora.adapters.max-number=0").run(context -> {
            AdapterCache cache = context.getBean(AdapterCache.class);
            Patience.await(() -> cache.isLoaded("b"));
            assertThat(cache.isLoaded("a")).isFalse();
        });
    }

    @Test
    void anAdapterThatChangesIsLoadedAgain() {
        served("lora.adapters.reload=20ms").run(context -> {
            BatchingPredictor predictor = context.getBean(BatchingPredictor.class);
            Input text = context.getBean(EncoderFolder.class).tokens(List.of("where is my parcel"));
            INDArray before = predictor.predict(text, "a");
            Folders.adapter(encoder, adapters.resolve("a"), 99);
            Patience.await(() -> !predictor.predict(text, "a").equals(before));
            Files.writeString(adapters.resolve("a").resolve("adapter_config.json"), "{");
            ServingHealth health = context.getBean(ServingHealth.class);
            Patience.await(() -> health.details().containsKey("notLoaded"));
            assertThat(predictor.predict(text, "a")).isNotEqualTo(before);
        });
    }

    @Test
    void aWrongValueOrAFolderThatIsNotThereEndsTheStartWithTheReason() {
        served("lora.adapters.reload=0s")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("interval must be from a millisecond to a day"));
        served("lora.model.path=" + folder.resolve("nothing"))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("must be the folder of a model, found nothing"));
        served("lora.model.storage=int3").run(context -> assertThat(context).hasFailed());
    }

    @Configuration(proxyBeanMethods = false)
    static class Own {
        @Bean
        LoRAModel model(EncoderFolder encoder) {
            return LoRAModel.of(encoder.model().classifier(3, 7));
        }
    }

    @Test
    void aBeanOfTheProgramTakesThePlace() {
        served().withUserConfiguration(Own.class).run(context -> {
            assertThat(context).hasSingleBean(LoRAModel.class).hasBean("model").hasSingleBean(BatchingPredictor.class);
            assertThat(context.getBean(LoRAModel.class).outputSize()).isEqualTo(3);
        });
    }

    @Test
    void aClassifierOfTheFolderIsServedIfItsConfigurationSaysSo() throws Exception {
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            opened.model().save(opened.model().classifier(5, 1), encoder);
        }
        assertThat(Files.readString(encoder.resolve("config.json"))).contains("ForSequenceClassification");
        runner.withPropertyValues("lora.model.path=" + encoder)
                .run(context -> assertThat(context.getBean(LoRAModel.class).outputSize())
                        .isEqualTo(5));
    }

    @Test
    void withoutAModelThereIsNoServiceAndTheHealthIsDown() {
        runner.run(context -> {
            assertThat(context).doesNotHaveBean(BatchingPredictor.class).doesNotHaveBean(ServingMetrics.class);
            ServingHealth health = context.getBean(ServingHealth.class);
            assertThat(health.isUp()).isFalse();
            assertThat(health.details().toString()).contains("set lora.model.path");
        });
    }

    @Test
    void theHealthTellsWhichAdaptersCouldNotBeLoadedAndNoPaths() {
        served().run(context -> {
            BatchingPredictor predictor = context.getBean(BatchingPredictor.class);
            Input text = context.getBean(EncoderFolder.class).tokens(List.of("parcel"));
            predictor.predict(text, "a");
            Files.writeString(adapters.resolve("b").resolve("adapter_config.json"), "{");
            assertThatExceptionOfType(ServingException.class).isThrownBy(() -> predictor.predict(text, "b"));
            ServingHealth health = context.getBean(ServingHealth.class);
            assertThat(health.isUp()).isTrue();
            assertThat(health.details())
                    .containsKeys("lastFailure", "notLoaded")
                    .containsEntry("adapters", 1)
                    .containsEntry("waiting", 0)
                    .containsEntry("running", 0);
            assertThat(health.details().toString()).contains("notLoaded={b=");
            assertThat(health.details().toString()).doesNotContain("/").doesNotContain("json");
        });
    }

    @Test
    void aMissingFolderIsSaidInOneSentence() {
        Path missing = folder.resolve("missing");
        for (String property : List.of("lora.model.path", "lora.adapters.path")) {
            served(property + "=" + missing).run(context -> {
                FailureAnalyzer analyzer = SpringFactoriesLoader.forDefaultResourceLocation()
                        // Some of Spring Boot need a context.
                        .load(FailureAnalyzer.class, (type, name, failure) -> {})
                        .stream()
                        .filter(LoRAFailureAnalyzer.class::isInstance)
                        .findFirst()
                        .orElseThrow();
                FailureAnalysis analysis =
                        Objects.requireNonNull(analyzer.analyze(Objects.requireNonNull(context.getStartupFailure())));
                assertThat(analysis.getDescription())
                        .contains(missing.toString(), ", found ")
                        .doesNotContain("\n");
                assertThat(analysis.getAction()).contains("lora.model.path", "lora.adapters.path");
            });
        }
        assertThat(new LoRAFailureAnalyzer().analyze(new IllegalStateException("of another bean")))
                .isNull();
    }

    @Test
    void aMisspeltPropertyIsNamed() {
        served("lora.adapters.keeps=a")
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("lora.adapters.keeps"));
    }

    @Test
    void theHealthCanBeTurnedOff() {
        served("management.health.lora.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean(ServingHealth.class));
    }

    @Test
    void itWorksWithoutMicrometerAndWithoutTheActuator() {
        served().withClassLoader(new FilteredClassLoader(
                        "io.micrometer", "org.springframework.boot.actuate", "org.springframework.boot.health"))
                .run(context -> assertThat(context)
                        .hasSingleBean(BatchingPredictor.class)
                        .doesNotHaveBean("loraPredictorMetrics")
                        .doesNotHaveBean("loraHealthIndicator"));
    }

    /** Holds the computation until it is let go. */
    @Configuration(proxyBeanMethods = false)
    static class Held {
        private final CountDownLatch began = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        @Bean
        ServingListener listener() {
            return new ServingListener() {
                @Override
                public void onBatch(int requests, long units, long nanos) {
                    began.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            };
        }
    }

    @Test
    void theContextWaitsForTheRequestsThatWereAcceptedWhenItCloses() {
        AtomicReference<CompletableFuture<INDArray>> first = new AtomicReference<>();
        AtomicReference<CompletableFuture<INDArray>> second = new AtomicReference<>();
        AtomicReference<BatchingPredictor> closed = new AtomicReference<>();
        served().withUserConfiguration(Held.class).run(context -> {
            BatchingPredictor predictor = context.getBean(BatchingPredictor.class);
            Held held = context.getBean(Held.class);
            Input text = context.getBean(EncoderFolder.class).tokens(List.of("parcel"));
            first.set(predictor.predictAsync(text, "a"));
            held.began.await();
            second.set(predictor.predictAsync(text, "b"));
            closed.set(predictor);
            // Not in the common pool: on two processors the listener holds its only thread.
            new Timer(true)
                    .schedule(
                            new TimerTask() {
                                @Override
                                public void run() {
                                    held.go.countDown();
                                }
                            },
                            100);
        });
        assertThat(first.get()).isCompleted();
        assertThat(second.get()).isCompleted();
        assertThat(Objects.requireNonNull(closed.get()).stats().all().completed())
                .isEqualTo(2);
    }

    @Test
    void theMetricsAreBound() {
        served().run(context -> {
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            context.getBean(ServingMetrics.class).bindTo(registry);
            assertThat(registry.getMeters()).isNotEmpty();
            assertThat(context.getBean(LoRAProperties.class).adapters().reload())
                    .isNull();
        });
    }
}
