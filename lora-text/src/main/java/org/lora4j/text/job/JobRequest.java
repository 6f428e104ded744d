package org.lora4j.text.job;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.AdapterNames;

/**
 * What a job shall train, from which data, and where its adapter goes.
 *
 * <pre>{@code
 * Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", corrections)
 *         .validation(held)
 *         .serveAs("acme-topics", Promotion.IF_BETTER)
 *         .build());
 * }</pre>
 */
public final class JobRequest {
    private final JobMethod method;
    private final String owner;
    private final Data training;
    private final @Nullable Data validation;
    private final @Nullable String adapter;
    private final @Nullable String serveAs;
    private final Promotion promotion;
    private final Hyperparameters hyperparameters;
    private final AdapterSettings config;
    private final long seed;
    private final Map<String, String> properties;

    /**
     * A file of rows.
     *
     * @param file where it is; it is copied
     * @param name its name for messages, whose ending says its form, such as {@code corrections.jsonl}
     */
    record Data(Path file, String name) {
        static Data of(Path file) {
            return new Data(file, String.valueOf(file.getFileName()));
        }
    }

    private JobRequest(Builder builder) {
        method = builder.method;
        owner = builder.owner;
        training = builder.training;
        validation = builder.validation;
        adapter = builder.adapter;
        serveAs = builder.serveAs;
        promotion = builder.promotion;
        hyperparameters = builder.hyperparameters;
        config = AdapterSettings.of(builder.config);
        seed = builder.seed;
        properties = Map.copyOf(builder.properties);
    }

    /**
     * Starts a request.
     *
     * @param method how it trains
     * @param owner who asks, any text; owners take turns, and limits hold for each of them
     * @param training the rows that train, in a file as {@link org.lora4j.text.data.TextFiles#read} takes it; it is copied
     * @return a builder
     */
    public static Builder of(JobMethod method, String owner, Path training) {
        return of(method, owner, training, String.valueOf(training.getFileName()));
    }

    /**
     * Starts a request with a file whose name says nothing.
     *
     * @param method as in {@link #of(JobMethod, String, Path)}
     * @param owner as in {@link #of(JobMethod, String, Path)}
     * @param training as in {@link #of(JobMethod, String, Path)}
     * @param name the name of the file for messages, whose ending says its form
     * @return a builder
     */
    public static Builder of(JobMethod method, String owner, Path training, String name) {
        return new Builder(
                Objects.requireNonNull(method, "method must not be null"),
                Objects.requireNonNull(owner, "owner must not be null"),
                new Data(
                        Objects.requireNonNull(training, "training must not be null"),
                        Objects.requireNonNull(name, "name must not be null")));
    }

    JobMethod method() {
        return method;
    }

    String owner() {
        return owner;
    }

    Data training() {
        return training;
    }

    @Nullable
    Data validation() {
        return validation;
    }

    @Nullable
    String adapter() {
        return adapter;
    }

    @Nullable
    String serveAs() {
        return serveAs;
    }

    Promotion promotion() {
        return promotion;
    }

    Hyperparameters hyperparameters() {
        return hyperparameters;
    }

    AdapterSettings config() {
        return config;
    }

    long seed() {
        return seed;
    }

    Map<String, String> properties() {
        return properties;
    }

    /** Builds a request. */
    public static final class Builder {
        private final JobMethod method;
        private final String owner;
        private final Data training;
        private @Nullable Data validation;
        private @Nullable String adapter;
        private @Nullable String serveAs;
        private Promotion promotion = Promotion.NEVER;
        private Hyperparameters hyperparameters = Hyperparameters.AUTO;
        private LoRAConfig config = LoRAConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules(TargetModules.allLinear())
                .build();
        private long seed;
        private Map<String, String> properties = Map.of();

        private Builder(JobMethod method, String owner, Data training) {
            this.method = method;
            this.owner = owner;
            this.training = training;
        }

        /**
         * Sets rows that do not train. Half of them choose the epoch, and the other half judge the adapter; fewer than four only judge.
         *
         * @param file the file, which is copied; none by default, so that the last epoch is kept and nothing is compared
         * @return this
         */
        public Builder validation(Path file) {
            validation = Data.of(Objects.requireNonNull(file, "file must not be null"));
            return this;
        }

        /**
         * Sets rows that do not train, in a file whose name says nothing.
         *
         * @param file as in {@link #validation(Path)}
         * @param name the name of the file for messages, whose ending says its form
         * @return this
         */
        public Builder validation(Path file, String name) {
            validation = new Data(
                    Objects.requireNonNull(file, "file must not be null"),
                    Objects.requireNonNull(name, "name must not be null"));
            return this;
        }

        /**
         * Sets the name under which the adapter is served as soon as the job has succeeded, whatever it is like. No other adapter may
         * have it.
         *
         * @param name a name of a folder; by default the name of the job
         * @return this
         * @throws IllegalArgumentException if it cannot be the name of a folder on every platform
         */
        public Builder adapter(String name) {
            adapter = requireName("adapter", name);
            return this;
        }

        /**
         * Sets a second name, under which clients ask for whatever adapter is the best so far. The adapter that had it is kept for
         * {@link Job#rollback}.
         *
         * @param name a name of a folder; none by default
         * @param when whether the adapter of this job takes it
         * @return this
         * @throws IllegalArgumentException if it cannot be the name of a folder on every platform
         */
        public Builder serveAs(String name, Promotion when) {
            serveAs = requireName("serveAs", name);
            promotion = Objects.requireNonNull(when, "when must not be null");
            return this;
        }

        private static String requireName(String what, String name) {
            String problem = AdapterNames.problem(Objects.requireNonNull(name, "name must not be null"));
            if (problem != null) {
                throw new IllegalArgumentException(
                        what + " must be the name of a folder on every platform: " + problem);
            }
            return name;
        }

        /**
         * Sets how it trains.
         *
         * @param values the numbers; {@link Hyperparameters#AUTO} by default
         * @return this
         */
        public Builder hyperparameters(Hyperparameters values) {
            hyperparameters = Objects.requireNonNull(values, "values must not be null");
            return this;
        }

        /**
         * Sets the adapter.
         *
         * @param adapterConfig rank, alpha, rsLoRA, DoRA, dropout, and the names of layers; rank 8, alpha 16 and all linear layers by
         *     default. Its seed is replaced by {@link #seed}
         * @return this
         */
        public Builder config(LoRAConfig adapterConfig) {
            config = Objects.requireNonNull(adapterConfig, "adapterConfig must not be null");
            return this;
        }

        /**
         * Sets the seed of all random choices.
         *
         * @param value 0 by default
         * @return this
         */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Sets texts that the program keeps with the job.
         *
         * @param texts texts by name; none by default
         * @return this
         */
        public Builder properties(Map<String, String> texts) {
            properties = Objects.requireNonNull(texts, "texts must not be null");
            return this;
        }

        /**
         * Builds the request.
         *
         * @return the request
         * @throws IllegalArgumentException if the configuration has more than a job can have, or {@code beta} is set for another method
         *     than {@link JobMethod#DPO}
         */
        public JobRequest build() {
            if (hyperparameters.beta() != null && method != JobMethod.DPO) {
                throw new IllegalArgumentException(
                        "beta must be used with the method dpo, found " + method.text() + "; leave it out");
            }
            return new JobRequest(this);
        }
    }
}
