package org.lora4j.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.ScoringModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.Adapters;
import org.lora4j.text.TextModel;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.PairScore;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.TextPair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A {@link ScoringModel} of LangChain4j, which ranks texts anew: a reranker, alone or with adapters. It reads the query and a text
 * together: an encoder with a classifier of one output, or a decoder that answers yes or no, such as Qwen3-Reranker. See
 * {@link Rerank}.
 *
 * <pre>{@code
 * LoRAScoringModel model = LoRAScoringModel.builder(Path.of("ms-marco-MiniLM-L6-v2"))
 *         .adapter("support", Path.of("adapters/support"))
 *         .build();
 * double score = model.using("support").score("The parcel can be followed with its number.", "Where is my parcel?").content();
 * }</pre>
 *
 * <p>A score is {@code 1/(1 + exp(−z))} of the output z, or z itself, see {@link Builder#normalize}. The special tokens and the types
 * of the tokens of an encoder are those that {@code tokenizer.json} gives a pair of the query and the text; a decoder gets the prompt
 * of Qwen3-Reranker's card.
 *
 * <p>LangChain4j's call has no name of a model, so a view chooses the adapter: see {@link #using}. All views share the weights and the
 * adapters, and any number of threads can use them at the same time.
 */
public final class LoRAScoringModel implements ScoringModel, AutoCloseable {
    private final TextModel opened;
    private final boolean closesModel;
    private final TaskModels<List<TextPair>, PairScore, Rerank> tasks;
    private final ModelNames adapters;
    private final List<String> names;
    private final boolean normalize;

    private LoRAScoringModel(
            TextModel opened,
            boolean closesModel,
            TaskModels<List<TextPair>, PairScore, Rerank> tasks,
            List<String> names,
            boolean normalize) {
        this.opened = opened;
        this.closesModel = closesModel;
        this.tasks = tasks;
        adapters = tasks.names();
        this.names = names;
        this.normalize = normalize;
    }

    /**
     * Starts to build a model that opens a folder, and closes it with {@link #close}.
     *
     * @param folder a folder of Hugging Face's hub, with {@code config.json}, {@code model.safetensors} and
     *     {@code tokenizer.json}
     * @return a builder with the defaults
     */
    public static Builder builder(Path folder) {
        return new Builder(GivenModel.of(folder));
    }

    /**
     * Starts to build a model on a folder that was opened. {@link #close} does not close it; the program that opened it does.
     *
     * @param model the folder, of an encoder or a decoder
     * @return a builder with the defaults
     */
    public static Builder builder(TextModel model) {
        return new Builder(GivenModel.of(model, "model"));
    }

    /**
     * Returns the model with the weights and the adapters, to add, train, replace and delete adapters. It takes pairs, see
     * {@link RowModel#tokens}; its outputs are {@code [pairs, 1]}.
     *
     * @return the model that all views share
     */
    public LoRAModel model() {
        return adapters.model();
    }

    /**
     * Returns the model without adapters.
     *
     * @return a view that shares the weights
     */
    public LoRAScoringModel base() {
        return with(List.of());
    }

    /**
     * Returns the model with an adapter by the name that a request gave. Creating a view costs next to nothing.
     *
     * @param modelName the name of an adapter, also of one that is to be loaded, or the name of the model's folder for the model
     *     without adapters
     * @return a view that shares the weights
     * @throws dev.langchain4j.exception.ModelNotFoundException if there is no such model. The message names no other one, so it can be
     *     sent to a client
     * @throws dev.langchain4j.exception.InternalServerException if the adapter cannot be loaded now; the cause says why
     */
    public LoRAScoringModel using(String modelName) {
        Objects.requireNonNull(modelName, "modelName must not be null");
        List<String> wanted = adapters.adapters(modelName);
        return with(adapters.compute(wanted, view -> wanted));
    }

    private LoRAScoringModel with(List<String> adapterNames) {
        return new LoRAScoringModel(opened, closesModel, tasks, adapterNames, normalize);
    }

    /**
     * Computes how well texts fit a query.
     *
     * @param segments the texts
     * @param query the query
     * @return a score for each text, in their order; and the number of tokens of all pairs, with the special ones and without those
     *     that were cut off
     * @throws IllegalArgumentException if a text and the query have no tokens
     * @throws NullPointerException if a segment is null; the message names it
     * @throws dev.langchain4j.exception.ModelNotFoundException if the adapter was deleted
     * @throws IllegalStateException if the model was closed, or the adapter has a classifier of its own with more than one output
     */
    @Override
    public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
        List<String> texts = TextSegments.texts(segments);
        Objects.requireNonNull(query, "query must not be null");
        if (texts.isEmpty()) {
            return Response.from(List.of(), new TokenUsage(0));
        }
        List<TextPair> pairs =
                texts.stream().map(text -> new TextPair(query, text)).toList();
        record Computed(List<PairScore> scores, Sequences tokens) {}
        Computed computed = tasks.compute(names, (view, rows) -> {
            Sequences tokens = opened.textLimiter()
                    .run(
                            modelName(),
                            rows.characters(pairs),
                            RequestOptions.defaults(),
                            () -> GivenModel.requireOpen(() -> rows.tokens(pairs)));
            return new Computed(scores(rows, pairs, view.predict(tokens)), tokens);
        });
        List<Double> scores = computed.scores.stream()
                .map(score -> normalize ? score.probability() : (double) score.logit())
                .toList();
        return Response.from(scores, new TokenUsage(computed.tokens.tokens()));
    }

    /** An adapter of the program can bring a classifier of its own, which need not be one for scores. */
    private static List<PairScore> scores(
            RowModel<List<TextPair>, PairScore> rows, List<TextPair> pairs, INDArray outputs) {
        if (outputs.size(1) != 1) {
            throw new IllegalStateException("the adapter must have a classifier with one output for scores, found "
                    + outputs.size(1) + " outputs");
        }
        return rows.read(pairs, outputs);
    }

    /**
     * Frees the native tokenizer, after the calls that use it now, if {@link #builder(Path)} opened it. No view can be used
     * afterwards. A second call has no effect. A folder that was opened before stays open.
     */
    @Override
    public void close() {
        if (closesModel) {
            opened.close();
        }
    }

    /**
     * Returns the name of the model.
     *
     * @return the name of its folder, and after a plus sign the adapter
     */
    public String modelName() {
        return adapters.modelName(names);
    }

    @Override
    public String toString() {
        return "LoRAScoringModel[" + modelName() + "]";
    }

    /** Builds a {@link LoRAScoringModel}. */
    public static final class Builder extends AdaptedModelBuilder<Builder> {
        private final GivenModel<TextModel> source;
        private OptionalInt maxTokens = OptionalInt.empty();
        private boolean normalize = true;

        private Builder(GivenModel<TextModel> source) {
            this.source = source;
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Sets where pairs are cut, in place of what the folder and the adapters say: the longer text first by an encoder, the document by
         * a decoder.
         *
         * @param tokens the most tokens of a pair, with the special ones; at most the number of positions of the model. By default
         *     what an adapter or the folder of an encoder says, and 8,192 for a decoder
         * @return this builder
         */
        public Builder maxTokens(int tokens) {
            maxTokens = OptionalInt.of(tokens);
            return this;
        }

        /**
         * Sets whether scores are between 0 and 1. The order of texts is the same.
         *
         * @param between whether the score is {@code 1/(1 + exp(−z))} of the output z, which is the default; false for z itself
         * @return this builder
         */
        public Builder normalize(boolean between) {
            normalize = between;
            return this;
        }

        /**
         * Loads the model and the adapters.
         *
         * @return the model
         * @throws IOException if a file is missing, cannot be read or is damaged
         * @throws IllegalArgumentException if an encoder has no classifier of one output, or a decoder no tokens for yes and no; an
         *     adapter does not fit the model, there is none of the name of the default, or the number of tokens is out of range
         */
        public LoRAScoringModel build() throws IOException {
            return source.make(this::open, opened -> {
                Head head = opened.model().config().isDecoder() ? Head.YES_NO : Head.POOLER;
                LoRAModel model = modelOr(() -> network(opened, head));
                long outputs = model.base().outputSize();
                if (outputs != 1) {
                    throw new IllegalArgumentException(
                            "the model must have a classifier with one output for scores, found " + outputs
                                    + " outputs");
                }
                TaskSettings asked = TaskSettings.ofMaxTokens(maxTokens);
                Rerank alone = new Rerank(head, maxTokens);
                Object unusedRows = alone.on(opened.textTokens(), model.network());
                Adapters known = adapters(opened, alone, asked);
                ModelNames named = namedAdapters(opened.name(), model, known, head);
                return new LoRAScoringModel(
                        opened,
                        source.isOwned(),
                        new TaskModels<>(opened, Rerank.class, alone, known, named),
                        named.defaults(defaultName()),
                        normalize);
            });
        }

        private TextModel open(Path folder) throws IOException {
            return TextModel.open(ModelSource.of(folder), storage);
        }

        private static Network network(TextModel opened, Head head) {
            if (!head.isTrained() || opened.model().hasClassifier()) {
                try {
                    return opened.network(head);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            throw new IllegalArgumentException(
                    "the model must have a classifier for scores, found none; if the adapters"
                            + " bring one, give the builder a model with a new one, such as"
                            + " LoRAModel.of(encoder.model().meanClassifier(1, 0))");
        }
    }
}
