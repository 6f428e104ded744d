package org.lora4j.spring;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.ClientTexts;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.ShorterEmbeddings;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;

/**
 * Spring AI's embeddings. It does not say which texts are queries. The vector stores embed documents as {@link Document}, and queries
 * as texts, so these get the prompts of documents and of queries if the folder has some.
 */
final class AdaptedEmbeddingModel implements EmbeddingModel {
    private final EncoderFolder encoder;
    private final ClientTexts texts;
    private final BatchingPredictor predictor;
    private final RequestedAdapter adapters;
    private final ShorterEmbeddings shorter;

    AdaptedEmbeddingModel(
            EncoderFolder encoder, BatchingPredictor predictor, RequestedAdapter adapters, ShorterEmbeddings shorter) {
        this.encoder = encoder;
        texts = new ClientTexts(encoder);
        this.predictor = predictor;
        this.adapters = adapters;
        this.shorter = shorter;
    }

    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
        Objects.requireNonNull(request, "request must not be null");
        String name = name(request.getOptions());
        String adapter = adapters.adapter(name);
        Sequences tokens = texts.queries(adapter, request.getInstructions(), RequestOptions.defaults());
        List<Embedding> embeddings = new ArrayList<>();
        for (float[] vector : vectors(tokens, adapter, request.getOptions())) {
            embeddings.add(new Embedding(vector, embeddings.size()));
        }
        int specialTokens = tokens.count() * encoder.tokenizer().specialTokens();
        DefaultUsage usage = new DefaultUsage(tokens.tokens() - specialTokens, 0);
        return new EmbeddingResponse(embeddings, new EmbeddingResponseMetadata(name, usage));
    }

    private String name(@Nullable EmbeddingOptions options) {
        return adapters.name(options == null ? null : options.getModel());
    }

    private float[][] vectors(Sequences tokens, String adapter, @Nullable EmbeddingOptions options) {
        int length = length(options);
        return shorter.cut(predictor.predict(tokens, adapter).toFloatMatrix(), length);
    }

    private int length(@Nullable EmbeddingOptions options) {
        Integer length = options == null ? null : options.getDimensions();
        if (length == null) {
            return shorter.dimensions();
        }
        try {
            return shorter.require(length);
        } catch (IllegalArgumentException e) {
            throw new ServingException(Reason.INVALID_INPUT, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public float[] embed(Document document) {
        Objects.requireNonNull(document, "document must not be null");
        return documents(List.of(document), adapters.name(null), null).get(0);
    }

    @Override
    public List<float[]> embed(
            List<Document> documents, @Nullable EmbeddingOptions options, BatchingStrategy batchingStrategy) {
        Objects.requireNonNull(documents, "documents must not be null");
        Objects.requireNonNull(batchingStrategy, "batchingStrategy must not be null");
        String name = name(options);
        List<float[]> all = new ArrayList<>();
        for (List<Document> batch : batchingStrategy.batch(documents)) {
            all.addAll(documents(batch, name, options));
        }
        return all;
    }

    private List<float[]> documents(List<Document> documents, String name, @Nullable EmbeddingOptions options) {
        List<String> all = new ArrayList<>();
        for (Document document : documents) {
            String text = document.getText();
            RequestedAdapter.requireAbsent("a document without text", text == null);
            all.add(Objects.requireNonNull(text));
        }
        String adapter = adapters.adapter(name);
        return List.of(vectors(texts.documents(adapter, all, RequestOptions.defaults()), adapter, options));
    }

    @Override
    public int dimensions() {
        return shorter.dimensions();
    }
}
