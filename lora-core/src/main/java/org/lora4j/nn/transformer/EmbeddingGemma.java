package org.lora4j.nn.transformer;

import java.util.List;
import org.lora4j.nn.layer.Layer;

/**
 * EmbeddingGemma (<a href="https://arxiv.org/abs/2509.20354">arXiv:2509.20354</a>): a Gemma 3 whose tokens see those behind them
 * too. In a layer with a window they see half of it to each side.
 */
final class EmbeddingGemma implements Family {
    private final Gemma gemma;

    EmbeddingGemma(Gemma gemma) {
        this.gemma = gemma;
    }

    @Override
    public String architecture() {
        return gemma.architecture();
    }

    @Override
    public int hiddenSize() {
        return gemma.hiddenSize();
    }

    @Override
    public int maxLength() {
        return gemma.maxLength();
    }

    @Override
    public List<String> defaultTargets() {
        return gemma.defaultTargets();
    }

    @Override
    public String prefix() {
        return gemma.prefix();
    }

    @Override
    public String plainName(String stored) {
        return gemma.plainName(stored);
    }

    @Override
    public boolean isOfNoUse(String plain) {
        return gemma.isOfNoUse(plain);
    }

    @Override
    public double initialNorm() {
        return gemma.initialNorm();
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        return gemma.layers(parts);
    }

    @Override
    public List<Layer> classifier(ModelParts parts) {
        return gemma.classifier(parts);
    }

    @Override
    public List<Layer> tokenClassifier(ModelParts parts) {
        return List.of();
    }
}
