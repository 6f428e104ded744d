package org.lora4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Sequences;

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
 * <p>An embedding is the mean of the last hidden states of a text's tokens, with the special tokens at its ends, divided by
 * its Euclidean norm. A text that is longer than {@link #maxTokens} is cut. Without an adapter these are the embeddings of
 * LangChain4j's own in-process models.
 *
 * <p>An object of this class computes with the adapters that it was created for, whatever is active in {@link #model}. All
 * that come from one another share the weights and the adapters: an adapter that is added, trained, replaced or deleted in
 * {@code model()} is so for all of them.
 *
 * <p>Immutable. Any number of threads can embed at the same time, while others load or replace adapters. All texts of one call
 * see the same adapters.
 */
public final class LoRAEmbeddingModel implements EmbeddingModel {
    private final String name;
    private final TextTokenizer tokenizer;
    private final LoRAModel model;
    private final AdapterView view;

    private LoRAEmbeddingModel(String name, TextTokenizer tokenizer, LoRAModel model, AdapterView view) {
        this.name = name;
        this.tokenizer = tokenizer;
        this.model = model;
        this.view = view;
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
        EncoderFolder files = new EncoderFolder(folder);
        return of(files, files.tokenizer());
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
        EncoderFolder files = new EncoderFolder(folder);
        return of(files, files.tokenizer(maxTokens));
    }

    private static LoRAEmbeddingModel of(EncoderFolder files, TextTokenizer tokenizer) {
        LoRAModel model = LoRAModel.of(files.network());
        return new LoRAEmbeddingModel(files.name(), tokenizer, model, model.base());
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
        return new LoRAEmbeddingModel(name, tokenizer, model, adapters);
    }

    /**
     * Returns the tokens of texts as this model embeds them, to train adapters.
     *
     * @param texts the texts, at least one
     * @return a sequence for each text
     * @throws IllegalArgumentException if there is no text, or one has no tokens
     */
    public Sequences tokens(List<String> texts) {
        Objects.requireNonNull(texts, "texts must not be null");
        return Sequences.of(tokenizer.encode(texts));
    }

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of a text, with the special ones at its ends
     */
    public int maxTokens() {
        return tokenizer.maxTokens();
    }

    /**
     * Computes the embeddings of texts.
     *
     * @param segments the texts
     * @return an embedding for each text, in their order; and the number of tokens, without the special ones and those that
     *     were cut off
     * @throws IllegalArgumentException if a text has no tokens, or an adapter was deleted
     */
    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        Objects.requireNonNull(segments, "segments must not be null");
        if (segments.isEmpty()) {
            return Response.from(List.of(), new TokenUsage(0));
        }
        Sequences tokens = tokens(segments.stream().map(TextSegment::text).toList());
        List<Embedding> embeddings = new ArrayList<>(segments.size());
        for (float[] vector : view.predict(tokens).toFloatMatrix()) {
            embeddings.add(Embedding.from(vector));
        }
        return Response.from(embeddings, new TokenUsage(tokens.tokens() - tokens.count() * tokenizer.specialTokens()));
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
        List<String> parts = new ArrayList<>(List.of(name));
        parts.addAll(view.names());
        return String.join("+", parts);
    }

    @Override
    public String toString() {
        return "LoRAEmbeddingModel[" + modelName() + "]";
    }
}
