package org.lora4j.spring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterReloader;
import org.lora4j.serve.AdapterSource;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.ServingListener;
import org.lora4j.spring.LoRAProperties.Model;
import org.lora4j.spring.LoRAProperties.Serve;
import org.lora4j.text.Adapters;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

/**
 * Creates the beans of a service. Each is left out if the program has one of its type.
 *
 * <table>
 * <caption>The beans</caption>
 * <tr><th>bean</th><th>if</th></tr>
 * <tr><td>{@link EncoderFolder} or {@link DecoderFolder}</td><td>{@code lora.model.path} is set</td></tr>
 * <tr><td>{@link LoRAModel}</td><td>there is a folder</td></tr>
 * <tr><td>{@link Adapters}</td><td>there is a folder of a model, and {@code lora.adapters.path} is set</td></tr>
 * <tr><td>{@link AdapterCache}</td><td>there is a model, and {@code lora.adapters.path} is set</td></tr>
 * <tr><td>{@link AdapterReloader}</td><td>there is a cache, and {@code lora.adapters.reload} is set</td></tr>
 * <tr><td>{@link BatchingPredictor}</td><td>there is a model</td></tr>
 * <tr><td>{@link GenerationService}</td><td>there is a predictor, and a decoder is served</td></tr>
 * <tr><td>{@link TextService}, for embeddings, classes, tags and scores</td><td>there are a folder and a predictor, and {@code
 *     lora.model.kind} is not {@code hidden-states}</td></tr>
 * </table>
 *
 * <p>The service and the cache get the program's bean of {@link ServingListener} and of {@link AdapterCache.Listener}, if there is one.
 * When the context is closed, the service rejects new requests and waits {@code lora.serve.grace} for those that it has accepted; then the
 * folder is closed.
 */
@AutoConfiguration
@EnableConfigurationProperties(LoRAProperties.class)
public final class LoRAAutoConfiguration {
    private static final Logger log = LoggerFactory.getLogger(LoRAAutoConfiguration.class);

    /** The beans of an encoder's folder. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(ServedKind.OfEncoder.class)
    static class Encoders {
        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnProperty("lora.model.path")
        EncoderFolder loraEncoder(LoRAProperties properties) throws IOException {
            return EncoderFolder.open(path(properties.model()), storage(properties.model()));
        }

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnBean(EncoderFolder.class)
        LoRAModel loraModel(EncoderFolder encoder, LoRAProperties properties) {
            return LoRAModel.of(network(encoder, properties.model()));
        }

        private static Network network(EncoderFolder encoder, Model model) {
            return switch (ServedKind.kind(model.kind(), model.path())) {
                case CLASSIFIER ->
                    encoder.model().hasTokenClassifier()
                            ? encoder.model().tokenClassifier()
                            : encoder.model().classifier();
                case HIDDEN_STATES -> encoder.model().lastHiddenState();
                // A decoder has the configuration below.
                case EMBEDDINGS, DECODER ->
                    encoder.sentenceEmbeddings(
                            model.dimensions() == null ? OptionalInt.empty() : OptionalInt.of(model.dimensions()));
            };
        }
    }

    /** The beans of a decoder's folder. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(ServedKind.OfDecoder.class)
    static class Decoders {
        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnProperty("lora.model.path")
        DecoderFolder loraDecoder(LoRAProperties properties) throws IOException {
            return DecoderFolder.open(path(properties.model()), storage(properties.model()));
        }

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnBean(DecoderFolder.class)
        LoRAModel loraModel(DecoderFolder decoder) {
            return LoRAModel.of(decoder.network());
        }
    }

    /** Creates the configuration. */
    public LoRAAutoConfiguration() {}

    /** Reads the adapters with what they are for. */
    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(TextModel.class)
    @ConditionalOnProperty("lora.adapters.path")
    Adapters loraAdapters(TextModel model, LoRAProperties properties) throws IOException {
        return new Adapters(
                model,
                path(properties.adapters()),
                Map.of(),
                ServedKind.alone(properties.model(), model),
                ServedKind.asked(properties.model()));
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(LoRAModel.class)
    @ConditionalOnProperty("lora.adapters.path")
    AdapterCache loraAdapterCache(
            LoRAModel model,
            LoRAProperties properties,
            ObjectProvider<Adapters> known,
            ObjectProvider<AdapterCache.Listener> listener) {
        LoRAProperties.Adapters adapters = properties.adapters();
        Adapters read = known.getIfUnique();
        AdapterCache.Builder builder = (read == null
                        ? AdapterCache.builder(model, path(adapters))
                        : AdapterCache.builder(model, source(read, model, properties.model())))
                .keep(adapters.keep());
        ifSet(adapters.maxBytes(), size -> builder.maxBytes(size.toBytes()));
        ifSet(adapters.maxNumber(), builder::maxAdapters);
        listener.ifUnique(builder::listener);
        return builder.build();
    }

    /** The adapters of all tasks; or those for a network whose outputs are not of whole texts. */
    private static AdapterSource source(Adapters adapters, LoRAModel model, Model properties) {
        return ServedKind.kind(properties.kind(), properties.path()) == LoRAProperties.Kind.HIDDEN_STATES
                ? adapters.of(model.network())
                : adapters.ofAllHeads(model.network());
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(AdapterCache.class)
    @ConditionalOnProperty({"lora.adapters.path", "lora.adapters.reload"})
    AdapterReloader loraAdapterReloader(AdapterCache cache, LoRAProperties properties) {
        LoRAProperties.Adapters adapters = properties.adapters();
        return AdapterReloader.start(
                cache, path(adapters), Objects.requireNonNull(adapters.reload(), "lora.adapters.reload must be set"));
    }

    /** Loads the adapters that are kept, when all beans are there and the looks at the folder have begun. */
    @Bean
    @ConditionalOnBean(AdapterCache.class)
    SmartInitializingSingleton loraPreload(AdapterCache cache, LoRAProperties properties) {
        return () -> {
            CompletableFuture<Void> unused = cache.preload(properties.adapters().keep())
                    .whenComplete((nothing, failure) -> {
                        if (failure != null) {
                            log.warn(
                                    "an adapter of lora.adapters.keep could not be loaded; a request tries again",
                                    failure);
                        }
                    });
        };
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(LoRAModel.class)
    BatchingPredictor loraPredictor(
            LoRAModel model,
            LoRAProperties properties,
            ObjectProvider<AdapterCache> cache,
            ObjectProvider<ServingListener> listener) {
        Serve serve = properties.serve();
        BatchingPredictor.Builder builder = BatchingPredictor.builder(model).allowBase(serve.allowBase());
        ifSet(serve.maxWaiting(), builder::maxWaitingRows);
        ifSet(serve.maxWaitingPerAdapter(), builder::maxWaitingRowsPerAdapter);
        ifSet(serve.maxNamesInStats(), builder::maxNamesInStats);
        ifSet(serve.maxBatchRows(), builder::maxBatchRows);
        ifSet(serve.maxWait(), builder::maxWait);
        listener.ifUnique(builder::listener);
        cache.ifAvailable(builder::adapters);
        return builder.build();
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(BatchingPredictor.class)
    @Conditional(ServedKind.OfDecoder.class)
    GenerationService loraGeneration(BatchingPredictor predictor, LoRAProperties properties) {
        Serve serve = properties.serve();
        GenerationService.Builder builder = GenerationService.builder(predictor).allowBase(serve.allowBase());
        ifSet(serve.maxWaiting(), most -> builder.maxWaitingTokens(most));
        ifSet(serve.maxWaitingPerAdapter(), most -> builder.maxWaitingTokensPerAdapter(most));
        ifSet(serve.maxRunning(), builder::maxRunning);
        ifSet(serve.maxCachedTokens(), builder::maxCachedTokens);
        ifSet(serve.maxConversations(), builder::maxConversations);
        ifSet(serve.maxPrefixBytes(), most -> builder.maxPrefixBytes(most.toBytes()));
        return builder.build();
    }

    /** Answers for adapters that embed, classify or score; the predictor computes them. */
    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean({TextModel.class, BatchingPredictor.class})
    @Conditional(ServedKind.OfTexts.class)
    TextService loraTexts(
            TextModel texts,
            LoRAModel model,
            BatchingPredictor predictor,
            LoRAProperties properties,
            ObjectProvider<Adapters> adapters)
            throws IOException {
        TextService.Builder builder = TextService.builder(texts)
                .alone(ServedKind.alone(properties.model(), texts))
                .allowBase(properties.serve().allowBase())
                .settings(ServedKind.asked(properties.model()))
                .predictor(model, predictor);
        adapters.ifUnique(builder::adapters);
        return builder.build();
    }

    /** Ends the requests of a service that this class created, before the service itself is closed, which would wait for all. */
    @Bean
    @ConditionalOnBean(name = "loraPredictor")
    DisposableBean loraPredictorEnd(
            @Qualifier("loraPredictor") BatchingPredictor predictor, LoRAProperties properties) {
        return () -> predictor.close(properties.serve().grace());
    }

    @Bean
    @ConditionalOnBean(name = "loraGeneration")
    DisposableBean loraGenerationEnd(
            @Qualifier("loraGeneration") GenerationService service, LoRAProperties properties) {
        return () -> service.close(properties.serve().grace());
    }

    private static Path path(Model model) {
        return Objects.requireNonNull(model.path(), "lora.model.path must be set");
    }

    private static Path path(LoRAProperties.Adapters adapters) {
        Path path = Objects.requireNonNull(adapters.path(), "lora.adapters.path must be set");
        if (!Files.isDirectory(path)) {
            throw new IllegalStateException(
                    "lora.adapters.path must be a folder with a sub-folder for each adapter, found "
                            + (Files.exists(path) ? "a file" : "nothing") + ": " + path.toAbsolutePath());
        }
        return path;
    }

    private static BaseStorage storage(Model model) {
        return BaseStorage.of(model.storage());
    }

    static <T> void ifSet(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }
}
