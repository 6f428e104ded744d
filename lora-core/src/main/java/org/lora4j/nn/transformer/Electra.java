package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Layer;

/**
 * ELECTRA (<a href="https://arxiv.org/abs/2003.10555">arXiv:2003.10555</a>): a BERT without a pooler, whose embeddings can be
 * narrower than its layers. A linear layer, {@code embeddings_project}, widens them then. The discriminator is the model that
 * is adapted.
 */
final class Electra implements Family {
    private final Bert bert;
    private final int embeddingSize;

    Electra(JsonFields fields) {
        bert = new Bert(fields);
        embeddingSize = fields.size("embedding_size", 128);
    }

    @Override
    public String architecture() {
        return "Electra";
    }

    @Override
    public int hiddenSize() {
        return bert.hiddenSize;
    }

    @Override
    public int maxLength() {
        return bert.positions;
    }

    @Override
    public List<String> defaultTargets() {
        return List.of("query", "value");
    }

    @Override
    public String prefix() {
        return "electra.";
    }

    @Override
    public String plainName(String stored) {
        return Bert.todaysName(Family.withoutStart(prefix(), stored));
    }

    /** A buffer that is computed, and the heads of the task of pre-training. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.endsWith("position_ids")
                || plain.startsWith("discriminator_predictions.")
                || plain.startsWith("generator_");
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>(bert.embeddings(parts, embeddingSize));
        if (embeddingSize != bert.hiddenSize) {
            all.add(parts.linear("embeddings_project", embeddingSize, bert.hiddenSize, true));
        }
        all.addAll(bert.encoder(parts));
        return all;
    }

    /** A layer and GELU on the vector of the first token. */
    @Override
    public List<Layer> classifier(ModelParts parts) {
        return parts.end().denseClassifier(bert.hiddenSize, "gelu", bert.classifierDropout);
    }

    @Override
    public double classifierDropout() {
        return bert.classifierDropout;
    }
}
