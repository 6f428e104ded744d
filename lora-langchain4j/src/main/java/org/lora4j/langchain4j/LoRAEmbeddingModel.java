package org.lora4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;

/**
 * An {@link EmbeddingModel} of LangChain4j: a transformer of the BERT family, alone or with adapters.
 *
 * <pre>{@code
 * LoRAEmbeddingModel base = LoRAEmbeddingModel.of(Path.of("all-MiniLM-L6-v2"));
 * EmbeddingModel support = base.load("support", Path.of("adapters/support"));
 * Response<Embedding> general = base.embed("The parcel never came.");
 * Response<Embedding> adapted = support.embed("The parcel never came.");
 * }</pre>
 *
 * <p>An embedding is the mean of the last hidden states of a text's tokens, with the special tokens at its ends, or what
 * {@code 1_Pooling/config.json} says, divided by its Euclidean norm. A text that is longer than {@link #maxTokens} is cut. Without an adapter these are the embeddings of
 * LangChain4j's own in-process models.
 *
 * <p>An object of this class computes with the adapters that it was created for, whatever is active in {@link #model}. All
 * that come from one another share the weights and the adapters: an adapter that is added, trained, replaced or deleted in
 * {@code model()} is so for all of them.
 *
 * <p>Any number of threads can embed at the same time, while others load or replace adapters. All texts of one call see the
 * same adapters. {@link #close} frees the native tokenizer of all that come from one another.
 */
public final class LoRAEmbeddingModel implements EmbeddingModel, AutoCloseable {
    /** Stands between the name of the model and those of its adapters. */
    private static final String PLUS = "+";

    private final EncoderFolder encoder;
    private final LoRAModel model;
    private final AdapterView view;
    /** What the texts are, which decides about their prompt; null for the default. */
    private final @Nullable EmbeddingInputType inputType;

    private LoRAEmbeddingModel(
            EncoderFolder encoder, LoRAModel model, AdapterView view, @Nullable EmbeddingInputType inputType) {
        this.encoder = encoder;
        this.model = model;
        this.view = view;
        this.inputType = inputType;
    }

    /**
     * Loads a model. Texts are cut where {@code tokenizer.json} cuts them, or at 512 tokens if it does not, and at most at the
     * number of positions of the model.
     *
     * @param folder a folder of Hugging Face's hub, with {@code config.json}, {@code model.safetensors} and
     *     {@code tokenizer.json}; if it has {@code 1_Pooling/config.json}, the first token's vector can take the place of the
     *     mean
     * @return the model without adapters
     * @throws IOException if a file is missing, cannot be read or is damaged
     * @throws IllegalArgumentException if the folder has a model or a pooling that this library does not compute
     */
    public static LoRAEmbeddingModel of(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        return of(EncoderFolder.open(folder));
    }

    /**
     * Loads a model that cuts texts at a number of tokens.
     *
     * @param folder as in {@link #of(Path)}
     * @param maxTokens the most tokens of a text, with the special ones at its ends; at most the number of positions of the
     *     model
     * @return the model without adapters
     * @throws IOException as in {@link #of(Path)}
     * @throws IllegalArgumentException as in {@link #of(Path)}, or if the number is out of range
     */
    public static LoRAEmbeddingModel of(Path folder, int maxTokens) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        return of(EncoderFolder.open(folder, maxTokens));
    }

    /**
     * Creates a model of a folder that was opened, for example with other prompts.
     *
     * @param encoder the folder; {@link #close} closes it, and so does this method if it fails
     * @return the model without adapters
     * @throws IllegalArgumentException if the folder has a pooling that this library does not compute
     */
    public static LoRAEmbeddingModel of(EncoderFolder encoder) {
        Objects.requireNonNull(encoder, "encoder must not be null");
        try {
            LoRAModel model = LoRAModel.of(encoder.sentenceEmbeddings());
            return new LoRAEmbeddingModel(encoder, model, model.base(), null);
        } catch (RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    /**
     * Returns the model with the weights and the adapters, to add, train, replace and delete adapters. It takes
     * {@link #tokens}; its outputs are embeddings {@code [texts, dimension]} of norm 1.
     *
     * @return the model that all views share
     */
    public LoRAModel model() {
        return model;
    }

    /**
     * Returns the embedding model without adapters.
     *
     * @return a view that shares the weights
     */
    public LoRAEmbeddingModel base() {
        return with(model.base());
    }

    /**
     * Returns the embedding model with adapters of {@link #model}. Creating one costs next to nothing.
     *
     * @param adapters one or more adapters, whose updates add up
     * @return a view that shares the weights
     * @throws IllegalArgumentException if there is no name, an adapter does not exist or is named twice, or two replace the
     *     same bias or layer
     */
    public LoRAEmbeddingModel using(String... adapters) {
        return with(model.using(adapters));
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
        return with(model.load(adapter, folder));
    }

    private LoRAEmbeddingModel with(AdapterView adapters) {
        return new LoRAEmbeddingModel(encoder, model, adapters, inputType);
    }

    /**
     * Returns the tokens of texts as this model embeds them, to train adapters; with the default prompt of the folder if it has
     * one.
     *
     * @param texts the texts, at least one
     * @return a sequence for each text
     * @throws IllegalArgumentException if there is no text, or one has no tokens
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalStateException if the model was closed
     */
    public Sequences tokens(List<String> texts) {
        try {
            if (inputType == null) {
                return encoder.tokens(texts);
            }
            return inputType == EmbeddingInputType.QUERY ? encoder.queries(texts) : encoder.documents(texts);
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    "the model must not be closed, found one whose tokenizer was closed; load it again with"
                            + " LoRAEmbeddingModel.of",
                    e);
        }
    }

    private static void requireAll(String what, List<?> elements) {
        Objects.requireNonNull(elements, what + " must not be null");
        for (int i = 0; i < elements.size(); i++) {
            int index = i;
            Objects.requireNonNull(elements.get(i), () -> what + ": each must be a text, found null at index " + index);
        }
    }

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of a text, with the special ones at its ends
     */
    public int maxTokens() {
        return encoder.tokenizer().maxTokens();
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
     * @throws IllegalArgumentException if a text has no tokens, or an adapter was deleted
     * @throws NullPointerException if a segment is null; the message names it
     * @throws IllegalStateException if the model was closed
     */
    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        requireAll("segments", segments);
        if (segments.isEmpty()) {
            return Response.from(List.of(), new TokenUsage(0));
        }
        Sequences tokens = tokens(segments.stream().map(TextSegment::text).toList());
        List<Embedding> embeddings = new ArrayList<>(segments.size());
        for (float[] vector : view.predict(tokens).toFloatMatrix()) {
            embeddings.add(Embedding.from(vector));
        }
        return Response.from(
                embeddings,
                new TokenUsage(
                        tokens.tokens() - tokens.count() * encoder.tokenizer().specialTokens()));
    }

    /**
     * Returns which parameters a request may have.
     *
     * @return {@code modelName}, see {@link #doEmbed}; and {@code inputType}, which chooses the prompt of the folder for queries
     *     or documents. Both are embedded alike if it has none
     */
    @Override
    public Set<EmbeddingParameter<?>> supportedParameters() {
        return Set.of(EmbeddingRequestParameters.MODEL_NAME, EmbeddingRequestParameters.INPUT_TYPE);
    }

    /**
     * Computes the embeddings of a request. Its {@code modelName} can be that of an adapter, {@link #modelName} of this object
     * or of one with another adapter, or the name of the model's folder for the model without adapters.
     *
     * @param request the texts; without a {@code modelName} they are embedded as {@link #embedAll} does it
     * @return the embeddings
     * @throws IllegalArgumentException if there is no adapter or model of that name, or as {@link #embedAll}
     */
    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        Objects.requireNonNull(request, "request must not be null");
        String wanted = request.modelName();
        LoRAEmbeddingModel named = wanted == null ? this : named(wanted);
        return new LoRAEmbeddingModel(encoder, model, named.view, request.inputType()).embedInputs(request);
    }

    private EmbeddingResponse embedInputs(EmbeddingRequest request) {
        return EmbeddingModel.super.doEmbed(request);
    }

    private LoRAEmbeddingModel named(String wanted) {
        if (wanted.equals(modelName())) {
            return this;
        }
        if (wanted.equals(encoder.name())) {
            return base();
        }
        for (String adapter : model.names()) {
            if (wanted.equals(adapter) || wanted.equals(encoder.name() + PLUS + adapter)) {
                return using(adapter);
            }
        }
        throw new IllegalArgumentException("modelName must be " + encoder.name() + " or an adapter of it, "
                + model.names() + ", found '" + wanted + "'; load the adapter first");
    }

    /**
     * Frees the native tokenizer, after the calls that use it now. It is that of all views and of the model that they come from:
     * none of them can embed texts afterwards. {@link #model} stays usable. A second call has no effect.
     */
    @Override
    public void close() {
        encoder.close();
    }

    @Override
    public int dimension() {
        return Math.toIntExact(model.outputSize());
    }

    /**
     * Returns the name of the model.
     *
     * @return the name of its folder, and after a plus sign each of the adapters
     */
    @Override
    public String modelName() {
        List<String> parts = new ArrayList<>(List.of(encoder.name()));
        parts.addAll(view.names());
        return String.join(PLUS, parts);
    }

    @Override
    public String toString() {
        return "LoRAEmbeddingModel[" + modelName() + "]";
    }
}
