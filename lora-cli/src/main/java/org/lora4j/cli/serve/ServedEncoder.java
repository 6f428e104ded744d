package org.lora4j.cli.serve;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.ShorterEmbeddings;

/** An encoder, which embeds texts. */
final class ServedEncoder extends ServedModel {
    private final EncoderFolder encoder;
    private final BatchingPredictor predictor;
    private final ShorterEmbeddings shorter;

    private ServedEncoder(Settings settings, EncoderFolder encoder) throws IOException {
        super(settings, encoder);
        this.encoder = encoder;
        if (encoder.model().hasClassifier()) {
            throw new IllegalArgumentException(
                    settings.model() + ": the model must return an embedding of each text, found"
                            + " a classifier; use --classify for the classes, or --rerank if it scores pairs");
        }
        LoRAModel model = LoRAModel.of(EncoderFolder.requireEmbeddings(encoder.sentenceEmbeddings()));
        shorter = new ShorterEmbeddings(model.network());
        predictor = predictor(model);
    }

    static ServedModel openEncoder(Settings settings) throws IOException {
        EncoderFolder encoder =
                EncoderFolder.open(ModelSource.of(settings.model()), settings.maxTokens(), settings.storage());
        return serve(settings, encoder, ServedEncoder::new);
    }

    int dimensions() {
        return shorter.dimensions();
    }

    /**
     * Returns the tokens of texts.
     *
     * @throws IllegalArgumentException if a text has none
     */
    Sequences tokens(List<String> texts) {
        return encoder.tokens(texts);
    }

    Prediction embed(Sequences texts, String adapter, Deadline deadline) {
        return predictor.prediction(texts, adapter, deadline.options());
    }

    /** Returns the first numbers of the embedding of each text, with the norm 1 if the whole ones have it. */
    float[][] embeddings(Prediction prediction, int length) {
        return shorter.cut(output(prediction).toFloatMatrix(), length);
    }

    @Override
    Map<String, Endpoint> endpoints() {
        return Map.of("/v1/embeddings", new EmbeddingEndpoint(this));
    }

    @Override
    ServingStats stats() {
        return predictor.stats();
    }

    @Override
    void closeModel() {
        predictor.close();
    }
}
