package org.lora4j.spring;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.Answer;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextService;
import org.lora4j.text.task.Embed;
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
    private final TextService service;
    private final RequestedAdapter adapters;

    AdaptedEmbeddingModel(EncoderFolder encoder, TextService service, RequestedAdapter adapters) {
        this.encoder = encoder;
        this.service = service;
        this.adapters = adapters;
    }

    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
        Objects.requireNonNull(request, "request must not be null");
        String name = name(request.getOptions());
        Answer<float[]> answer = answer(Embed.Kind.QUERY, request.getInstructions(), name, request.getOptions());
        List<Embedding> embeddings = new ArrayList<>();
        for (float[] vector : answer.values()) {
            embeddings.add(new Embedding(vector, embeddings.size()));
        }
        int specialTokens = embeddings.size() * encoder.tokenizer().specialTokens();
        DefaultUsage usage = new DefaultUsage(answer.tokens() - specialTokens, 0);
        return new EmbeddingResponse(embeddings, new EmbeddingResponseMetadata(name, usage));
    }

    private String name(@Nullable EmbeddingOptions options) {
        return adapters.name(options == null ? null : options.getModel());
    }

    private Answer<float[]> answer(
            Embed.Kind kind, List<String> texts, String name, @Nullable EmbeddingOptions options) {
        Integer length = options == null ? null : options.getDimensions();
        Embed.Texts asked =
                new Embed.Texts(texts, kind, null, length == null ? OptionalInt.empty() : OptionalInt.of(length));
        return service.answer(Embed.class, adapters.adapter(name), asked, RequestOptions.defaults());
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
        return answer(Embed.Kind.DOCUMENT, all, name, options).values();
    }

    @Override
    public int dimensions() {
        String name = adapters.name(null);
        return service.task(adapters.adapter(name)) instanceof Embed embed
                ? embed.dimensions().orElseGet(encoder::embeddingSize)
                : encoder.embeddingSize();
    }
}
