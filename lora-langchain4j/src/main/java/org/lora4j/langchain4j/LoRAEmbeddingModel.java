package org.lora4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.embedding.response.EmbeddingResponseMetadata;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.Adapters;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.Prompts;

/**
 * An {@link EmbeddingModel} of LangChain4j: a transformer of the BERT family, alone or with adapters.
 *
 * <pre>{@code
 * LoRAEmbeddingModel model = LoRAEmbeddingModel.builder(Path.of("e5-small-v2"))
 *         .adapter("support", Path.of("adapters/support"))
 *         .prompts(Prompts.e5())
 *         .build();
 * EmbeddingRequest request = EmbeddingRequest.builder()
 *         .input("The parcel never came.")
 *         .modelName("support")
 *         .inputType(EmbeddingInputType.QUERY)
 *         .build();
 * Embedding embedding = model.embed(request).embeddings().get(0);
 * }</pre>
 *
 * <p>An embedding is what the modules of {@code modules.json} compute. Without that file it is the mean of the last hidden states
 * of a text's tokens, with the special tokens at its ends, divided by its Euclidean norm. A text that is longer than {@link #maxTokens} is cut. Without an
 * adapter these are the embeddings of LangChain4j's own in-process models.
 *
 * <p>An object of this class computes with the adapters that it was created for, whatever is active in {@link #model}, unless a
 * request names another one. All that come from one another share the weights and the adapters: an adapter that is added, trained,
 * replaced or deleted in {@code model()} is so for all of them.
 *
 * <p>Any number of threads can embed at the same time, while others load or replace adapters. All texts of one call see the
 * same adapters. {@link #close} frees the native tokenizer of all that come from one another, if the builder opened it.
 */
public final class LoRAEmbeddingModel implements EmbeddingModel, AutoCloseable {
    private final EncoderFolder encoder;
    private final boolean closesEncoder;
    private final TaskModels<Embed.Texts, float[], Embed> tasks;
    private final ModelNames adapters;
    private final List<String> names;
    private final List<EmbeddingModelListener> listeners;

    private LoRAEmbeddingModel(
            EncoderFolder encoder,
            boolean closesEncoder,
            TaskModels<Embed.Texts, float[], Embed> tasks,
            List<String> names,
            List<EmbeddingModelListener> listeners) {
        this.encoder = encoder;
        this.closesEncoder = closesEncoder;
        this.tasks = tasks;
        adapters = tasks.names();
        this.names = names;
        this.listeners = listeners;
    }

    /**
     * Loads a model with the defaults of {@link #builder(Path)}.
     *
     * @param folder as in {@link #builder(Path)}
     * @return the model without adapters
     * @throws IOException as in {@link Builder#build}
     * @throws IllegalArgumentException as in {@link Builder#build}
     */
    public static LoRAEmbeddingModel of(Path folder) throws IOException {
        return builder(folder).build();
    }

    /**
     * Starts to build a model that opens a folder, and closes it with {@link #close}.
     *
     * @param folder a folder of Hugging Face's hub, with {@code config.json}, {@code model.safetensors} and
     *     {@code tokenizer.json}; and what {@link EncoderFolder} reads beside them
     * @return a builder with the defaults
     */
    public static Builder builder(Path folder) {
        return new Builder(GivenModel.of(folder));
    }

    /**
     * Starts to build a model on a folder that was opened. {@link #close} does not close it; the program that opened it does.
     *
     * @param encoder the folder
     * @return a builder with the defaults
     */
    public static Builder builder(EncoderFolder encoder) {
        return new Builder(GivenModel.of(encoder, "encoder"));
    }

    /**
     * Returns the model with the weights and the adapters, to add, train, replace and delete adapters. It takes
     * {@link #tokens}; its outputs are embeddings {@code [texts, dimension]} of norm 1.
     *
     * @return the model that all views share
     */
    public LoRAModel model() {
        return adapters.model();
    }

    /**
     * Returns the embedding model without adapters.
     *
     * @return a view that shares the weights
     */
    public LoRAEmbeddingModel base() {
        return with(List.of());
    }

    /**
     * Returns the embedding model with adapters. One that is not in {@link #model} is loaded from {@link Builder#adapters}.
     *
     * @param names one or more adapters, whose updates add up
     * @return a view that shares the weights
     * @throws IllegalArgumentException if there is no name, one is there twice, or two adapters replace the same bias or layer
     * @throws dev.langchain4j.exception.ModelNotFoundException if there is no such adapter. The message names no other one, so it can be
     *     sent to a client
     * @throws dev.langchain4j.exception.InternalServerException if an adapter cannot be loaded now; the cause says why
     */
    public LoRAEmbeddingModel using(String... names) {
        if (names.length == 0) {
            throw new IllegalArgumentException("using must name at least one adapter, found none; base() uses none");
        }
        return with(adapters.compute(List.of(names), AdapterView::names));
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote. If the adapter was saved with another base, a
     * warning is logged.
     *
     * @param adapter its name in {@link #model}
     * @param folder the folder
     * @return a view with this adapter, that shares the weights
     * @throws IOException if the files cannot be read, or are refused
     * @throws IllegalArgumentException if the name is refused or taken, or the adapter does not fit the model
     */
    public LoRAEmbeddingModel load(String adapter, Path folder) throws IOException {
        LoRAModel model = model();
        return with(model.add(adapter, tasks.adapters().read(adapter, folder, Head.EMBEDDING, model.network()))
                .names());
    }

    private LoRAEmbeddingModel with(List<String> adapterNames) {
        return new LoRAEmbeddingModel(encoder, closesEncoder, tasks, adapterNames, listeners);
    }

    /**
     * Returns the tokens of texts as this model embeds them, to train adapters; with the default prompt if there is one.
     *
     * @param texts the texts, at least one
     * @return a sequence for each text
     * @throws IllegalArgumentException if there is no text, or one has no tokens
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalStateException if the model was closed
     */
    public Sequences tokens(List<String> texts) {
        return tasks.compute(names, (view, rows) -> tokens(rows, Embed.Texts.of(texts)));
    }

    private static Sequences tokens(RowModel<Embed.Texts, float[]> rows, Embed.Texts texts) {
        return GivenModel.requireOpen(() -> rows.tokens(texts));
    }

    private static Embed.Kind kind(@Nullable EmbeddingInputType type) {
        return type == null
                ? Embed.Kind.TEXT
                : type == EmbeddingInputType.QUERY ? Embed.Kind.QUERY : Embed.Kind.DOCUMENT;
    }

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of a text, with the special ones at its ends
     */
    public int maxTokens() {
        return tasks.compute(names, (view, rows) -> rows.maxTokens());
    }

    /**
     * Computes the embedding of a text.
     *
     * @param segment the text
     * @return its embedding
     * @throws IllegalArgumentException as {@link #embedAll}
     */
    @Override
    public Response<Embedding> embed(TextSegment segment) {
        Objects.requireNonNull(segment, "segment must not be null");
        return EmbeddingModel.super.embed(segment);
    }

    /**
     * Computes the embeddings of texts.
     *
     * @param segments the texts
     * @return an embedding for each text, in their order; and the number of tokens, without the special ones and those that
     *     were cut off
     * @throws IllegalArgumentException if a text has no tokens
     * @throws NullPointerException if a segment is null; the message names it
     * @throws dev.langchain4j.exception.ModelNotFoundException if an adapter was deleted
     * @throws IllegalStateException if the model was closed
     */
    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        if (TextSegments.texts(segments).isEmpty()) {
            return Response.from(List.of(), new TokenUsage(0));
        }
        return EmbeddingModel.super.embedAll(segments);
    }

    /**
     * Returns which parameters a request may have. LangChain4j refuses others.
     *
     * @return {@code modelName}, see {@link #doEmbed}; and {@code inputType}, which chooses the prompt for queries or documents.
     *     Both are embedded alike if there is none
     */
    @Override
    public Set<EmbeddingParameter<?>> supportedParameters() {
        return Set.of(EmbeddingRequestParameters.MODEL_NAME, EmbeddingRequestParameters.INPUT_TYPE);
    }

    @Override
    public List<EmbeddingModelListener> listeners() {
        return listeners;
    }

    /**
     * Computes the embeddings of a request. Its {@code modelName} can be that of an adapter, {@link #modelName} of this object
     * or of one with another adapter, or the name of the model's folder for the model without adapters.
     *
     * @param request the texts; without a {@code modelName} they are embedded with the adapters of this object
     * @return the embeddings
     * @throws dev.langchain4j.exception.ModelNotFoundException if there is no adapter or model of that name. The message names no
     *     other one, so it can be sent to a client
     * @throws dev.langchain4j.exception.InternalServerException if the adapter cannot be loaded now; the cause says why
     * @throws IllegalArgumentException if a text has no tokens
     */
    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        Objects.requireNonNull(request, "request must not be null");
        String asked = request.modelName();
        List<String> used = asked == null || asked.equals(modelName()) ? names : adapters.adapters(asked);
        List<String> texts = request.inputs().stream().map(EmbeddingInput::text).toList();
        Embed.Texts wanted = Embed.Texts.of(kind(request.inputType()), texts);
        record Computed(List<float[]> vectors, Sequences tokens) {}
        Computed computed = tasks.compute(used, (view, rows) -> {
            Sequences tokens = encoder.textLimiter()
                    .run(
                            adapters.modelName(used),
                            rows.characters(wanted),
                            RequestOptions.defaults(),
                            () -> tokens(rows, wanted));
            return new Computed(rows.read(wanted, view.predict(tokens)), tokens);
        });
        Sequences tokens = computed.tokens;
        List<Embedding> embeddings = new ArrayList<>(texts.size());
        for (float[] vector : computed.vectors) {
            embeddings.add(Embedding.from(vector));
        }
        int specialTokens = tokens.count() * encoder.tokenizer().specialTokens();
        return EmbeddingResponse.builder()
                .embeddings(embeddings)
                .metadata(EmbeddingResponseMetadata.builder()
                        .modelName(adapters.modelName(used))
                        .tokenUsage(new TokenUsage(tokens.tokens() - specialTokens))
                        .build())
                .build();
    }

    /**
     * Frees the native tokenizer, after the calls that use it now, if {@link #builder(Path)} opened it. It is that of all views and
     * of the model that they come from: none of them can embed texts afterwards. {@link #model} stays usable. A second call has no
     * effect. A folder that was opened before stays open.
     */
    @Override
    public void close() {
        if (closesEncoder) {
            encoder.close();
        }
    }

    @Override
    public int dimension() {
        return adapters.compute(names, view -> tasks.task(names))
                .dimensions()
                .orElseGet(() -> Math.toIntExact(model().outputSize()));
    }

    /**
     * Returns the name of the model.
     *
     * @return the name of its folder, and after a plus sign each of the adapters
     */
    @Override
    public String modelName() {
        return adapters.modelName(names);
    }

    @Override
    public String toString() {
        return "LoRAEmbeddingModel[" + modelName() + "]";
    }

    /** Builds a {@link LoRAEmbeddingModel}. */
    public static final class Builder extends AdaptedModelBuilder<Builder> {
        private final GivenModel<EncoderFolder> source;
        private OptionalInt maxTokens = OptionalInt.empty();
        private OptionalInt dimensions = OptionalInt.empty();
        private @Nullable Prompts prompts;
        private List<EmbeddingModelListener> listeners = List.of();

        private Builder(GivenModel<EncoderFolder> source) {
            this.source = source;
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Sets where texts are cut, in place of what the folder and the adapters say.
         *
         * @param tokens the most tokens of a text, with the special ones at its ends; at most the number of positions of the
         *     model. By default what an adapter or the folder says
         * @return this builder
         */
        public Builder maxTokens(int tokens) {
            maxTokens = OptionalInt.of(tokens);
            return this;
        }

        /**
         * Sets the length of embeddings, for models that were trained for shorter ones (Matryoshka), in place of what the adapters say.
         *
         * @param numbers how many numbers an embedding has: the first ones. By default what an adapter says, or all
         * @return this builder
         */
        public Builder dimensions(int numbers) {
            dimensions = OptionalInt.of(numbers);
            return this;
        }

        /**
         * Sets prompts in place of those of the same names of the folder and the adapters, or beside them, for models whose folder does
         * not name them, such as those of E5 and BGE.
         *
         * @param texts for example {@link Prompts#e5}; those of the folder by default
         * @return this builder
         */
        public Builder prompts(Prompts texts) {
            prompts = Objects.requireNonNull(texts, "texts must not be null");
            return this;
        }

        /**
         * Sets the listeners, which LangChain4j calls before and after each request.
         *
         * @param all the listeners; none by default
         * @return this builder
         */
        public Builder listeners(List<EmbeddingModelListener> all) {
            listeners = List.copyOf(Objects.requireNonNull(all, "all must not be null"));
            return this;
        }

        /**
         * Loads the model and the adapters.
         *
         * @return the model
         * @throws IOException if a file is missing, cannot be read or is damaged
         * @throws IllegalArgumentException if the folder has a model or a pooling that this library does not compute, the given model
         *     is a classifier or returns something for each token, an adapter does not fit the model, there is none of the name of the default, or the number of tokens or of dimensions is out of range
         */
        public LoRAEmbeddingModel build() throws IOException {
            return source.make(folder -> EncoderFolder.open(folder, storage), encoder -> {
                LoRAModel model = modelOr(encoder::sentenceEmbeddings);
                Network unused = EncoderFolder.requireEmbeddings(model.network());
                TaskSettings asked =
                        new TaskSettings(maxTokens, dimensions, prompts == null ? Prompts.none() : prompts);
                Embed alone = Embed.asTheModelSays().with(asked);
                Object unusedRows = alone.on(encoder.textTokens(), model.network());
                Adapters known = adapters(encoder, alone, asked);
                ModelNames named = namedAdapters(encoder.name(), model, known, Head.EMBEDDING);
                return new LoRAEmbeddingModel(
                        encoder,
                        source.isOwned(),
                        new TaskModels<>(encoder, Embed.class, alone, known, named),
                        named.defaults(defaultName()),
                        listeners);
            });
        }
    }
}
