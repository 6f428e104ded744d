package org.lora4j.cli.serve;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.FairLimiter;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.EncoderFolder;

/** An encoder, which embeds texts. */
final class ServedEncoder extends ServedModel {
    private final EncoderFolder encoder;
    private final BatchingPredictor predictor;
    private final int dimensions;
    private final boolean isNormalized;

    private ServedEncoder(Settings settings, EncoderFolder encoder) throws IOException {
        super(settings, encoder.name());
        this.encoder = encoder;
        if (encoder.model().hasClassifier()) {
            throw new IllegalArgumentException(
                    settings.model() + ": the model must return an embedding of each text, found"
                            + " a classifier; serve its base, or use 'lora predict' for the classes");
        }
        LoRAModel model = LoRAModel.of(EncoderFolder.requireEmbeddings(encoder.sentenceEmbeddings()));
        List<Layer> layers = model.network().layers();
        isNormalized = layers.get(layers.size() - 1) instanceof Normalize;
        dimensions = Math.toIntExact(model.network().outputSize());
        ServeLimits limits = settings.limits();
        BatchingPredictor.Builder builder = BatchingPredictor.builder(model).allowBase(settings.allowBase());
        AdapterCache cache = cache(model);
        if (cache != null) {
            builder.adapters(cache);
        }
        if (limits.waiting() > 0) {
            builder.maxWaitingRows(limits.waiting());
        }
        if (limits.running() > 0) {
            builder.maxBatchRows(limits.running());
        }
        predictor = builder.build();
    }

    static ServedEncoder openEncoder(Settings settings) throws IOException {
        EncoderFolder encoder =
                EncoderFolder.open(ModelSource.of(settings.model()), settings.maxTokens(), settings.storage());
        try {
            return new ServedEncoder(settings, encoder);
        } catch (IOException | RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    int dimensions() {
        return dimensions;
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
        float[][] embeddings = prediction.output().toFloatMatrix();
        if (length < dimensions) {
            Arrays.setAll(embeddings, i -> shortened(embeddings[i], length));
        }
        return embeddings;
    }

    private float[] shortened(float[] embedding, int length) {
        float[] first = Arrays.copyOf(embedding, length);
        if (isNormalized) {
            double squares = 0;
            for (float number : first) {
                squares += (double) number * number;
            }
            double norm = Math.max(Math.sqrt(squares), Normalize.SMALLEST_NORM);
            for (int i = 0; i < length; i++) {
                first[i] = (float) (first[i] / norm);
            }
        }
        return first;
    }

    @Override
    Map<String, Endpoint> endpoints() {
        return Map.of("/v1/embeddings", new EmbeddingEndpoint(this));
    }

    @Override
    FairLimiter textLimiter() {
        return encoder.textLimiter();
    }

    @Override
    ServingStats stats() {
        return predictor.stats();
    }

    @Override
    void addTo(ServerMetrics metrics) {}

    /** A batch is short. */
    @Override
    void cancelAll() {}

    @Override
    void closeModel() {
        predictor.close();
        encoder.close();
    }
}
