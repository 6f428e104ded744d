package org.lora4j.spring;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.Precision;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The properties that begin with {@code lora}. One that is not known ends the start. A value that is null is not set, and the library's own default holds.
 *
 * @param model the base model
 * @param adapters where adapters are, and how many are kept in memory
 * @param serve the limits of the service
 * @param training where jobs train adapters, and how much of the time they have
 */
@ConfigurationProperties(prefix = "lora", ignoreUnknownFields = false)
public record LoRAProperties(
        @DefaultValue Model model,
        @DefaultValue Adapters adapters,
        @DefaultValue Serve serve,
        @DefaultValue Training training) {
    /** What a model computes. */
    public enum Kind {
        /** An encoder with the pooling that its folder says. */
        EMBEDDINGS,
        /** An encoder with the classifier of its folder. */
        CLASSIFIER,
        /** An encoder with an output for each token. */
        HIDDEN_STATES,
        /** A decoder, which generates text. */
        DECODER
    }

    /**
     * Checks that nothing is missing.
     *
     * @param model the base model
     * @param adapters the adapters
     * @param serve the limits
     * @param training the jobs
     */
    public LoRAProperties {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        Objects.requireNonNull(serve, "serve must not be null");
        Objects.requireNonNull(training, "training must not be null");
    }

    /**
     * The base model.
     *
     * @param path Folder of the base model, with config.json, the weights and tokenizer.json, or a GGUF file.
     * @param kind What the model computes. Told from config.json if it is not set.
     * @param storage How the large matrices of the base are stored: float, bfloat16, int8, int8-dynamic or int4.
     * @param dimensions How many numbers an embedding has: the first ones, for models that were trained for it. All if it is not set.
     */
    public record Model(
            @Nullable Path path,
            @Nullable Kind kind,
            @DefaultValue("float") Precision storage,
            @Nullable Integer dimensions) {
        /**
         * Checks that nothing is missing.
         *
         * @param path the folder, or null
         * @param kind the kind, or null
         * @param storage the precision
         * @param dimensions the length of an embedding, or null
         */
        public Model {
            Objects.requireNonNull(storage, "storage must not be null");
        }
    }

    /**
     * The adapters.
     *
     * @param path Folder with a sub-folder for each adapter, which is loaded when a request names it.
     * @param keep Names of the adapters that are loaded at the start and never deleted from memory.
     * @param maxBytes Most bytes that the loaded adapters take, such as 512MB.
     * @param maxNumber Most adapters that are loaded.
     * @param reload Time between two looks at the folder for adapters that have changed, such as 10s. Without it, nobody looks.
     */
    public record Adapters(
            @Nullable Path path,
            @DefaultValue List<String> keep,
            @Nullable DataSize maxBytes,
            @Nullable Integer maxNumber,
            @Nullable Duration reload) {
        /**
         * Copies the list.
         *
         * @param path the folder, or null
         * @param keep the names
         * @param maxBytes the bytes, or null
         * @param maxNumber the number, or null
         * @param reload the time, or null
         */
        public Adapters {
            keep = List.copyOf(Objects.requireNonNull(keep, "keep must not be null"));
        }
    }

    /**
     * The limits of the service.
     *
     * @param allowBase Whether a request may name __base__ to use the base without an adapter.
     * @param defaultAdapter Adapter that the models of Spring AI use if a request names no model.
     * @param maxWait How long a batch of an encoder waits for requests that are arriving.
     * @param maxWaiting Rows or texts of an encoder, or tokens of prompts of a decoder, that may wait in all.
     * @param maxWaitingPerAdapter As max-waiting, for each adapter.
     * @param maxNamesInStats For how many adapters there are figures of their own.
     * @param maxBatchRows Most rows or texts in a batch of an encoder.
     * @param maxRunning How many generations of a decoder run at the same time.
     * @param maxCachedTokens Tokens of running generations and kept conversations of a decoder.
     * @param maxConversations How many conversations of a decoder are kept.
     * @param maxPrefixBytes Most bytes of the beginnings of prompts of a decoder that are kept, such as 512MB; 0 keeps none.
     * @param grace How long accepted requests may take when the context is closed.
     */
    // maxWait before maxWaiting: the processor of Spring Boot takes the first description whose name begins with that
    // of a property.
    public record Serve(
            @DefaultValue("false") boolean allowBase,
            @Nullable String defaultAdapter,
            @Nullable Duration maxWait,
            @Nullable Integer maxWaiting,
            @Nullable Integer maxWaitingPerAdapter,
            @Nullable Integer maxNamesInStats,
            @Nullable Integer maxBatchRows,
            @Nullable Integer maxRunning,
            @Nullable Long maxCachedTokens,
            @Nullable Integer maxConversations,
            @Nullable DataSize maxPrefixBytes,
            @DefaultValue("20s") Duration grace) {}

    /**
     * The jobs that train adapters.
     *
     * @param path Folder for all of the jobs, which is made if it is not there. Without it, nothing trains.
     * @param share Part of the time that a training may compute while requests run, above 0 and at most 1.
     * @param checkpointEvery Time between two checkpoints of a training, such as 30s.
     * @param turn How long a job trains while jobs of other owners wait, such as 5m.
     * @param atOnce Small jobs that train at once. The number of processors for an encoder and 1 for a decoder if it is not set.
     * @param maxWaiting Jobs of an owner that may wait or train.
     * @param maxJobs Jobs that the folder may have.
     * @param maxFileBytes Most bytes of a file of rows, such as 512MB.
     * @param maxTokens Most tokens of a row.
     */
    public record Training(
            @Nullable Path path,
            @Nullable Double share,
            @Nullable Duration checkpointEvery,
            @Nullable Duration turn,
            @Nullable Integer atOnce,
            @Nullable Integer maxWaiting,
            @Nullable Integer maxJobs,
            @Nullable DataSize maxFileBytes,
            @Nullable Integer maxTokens) {}
}
