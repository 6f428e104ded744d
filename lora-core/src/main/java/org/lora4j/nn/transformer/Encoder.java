package org.lora4j.nn.transformer;

import org.lora4j.nn.layer.SelfAttention;

/** What the encoders share: their sizes, whatever their files call them. */
abstract class Encoder implements Family {
    final int vocabularySize;
    final int hiddenSize;
    final int layers;
    final int heads;
    final int intermediateSize;

    /**
     * The fields that state the sizes of a family, beside {@code vocab_size}.
     *
     * @param widening how many times {@link #hiddenSize} is {@link #intermediateSize} if the file does not say it; 0 if it must
     */
    record SizeFields(String hiddenSize, String layers, String heads, String intermediateSize, int widening) {
        /** Those of most families. */
        static final SizeFields USUAL =
                new SizeFields("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", 0);
    }

    Encoder(JsonFields fields) {
        this(fields, SizeFields.USUAL);
    }

    Encoder(JsonFields fields, SizeFields names) {
        vocabularySize = fields.size("vocab_size");
        hiddenSize = fields.size(names.hiddenSize());
        layers = fields.layers(names.layers());
        heads = fields.size(names.heads());
        fields.requireDivides(names.heads(), heads, names.hiddenSize(), hiddenSize);
        Integer widened =
                names.widening() == 0 ? null : (int) Math.min(Integer.MAX_VALUE, (long) names.widening() * hiddenSize);
        intermediateSize = fields.size(names.intermediateSize(), widened);
        fields.requireEmpty("quantization_config");
    }

    @Override
    public final int hiddenSize() {
        return hiddenSize;
    }

    /** The size of a head; 0 if the file has no number of heads. */
    final int headSize() {
        return heads < 1 ? 0 : hiddenSize / heads;
    }

    /** An attention in which each head has keys and values of its own. */
    final SelfAttention.Builder attention(ModelParts parts, String path, double dropout) {
        return SelfAttention.builder(parts.path(path), heads, heads, headSize())
                .dropout(dropout, ModelParts.DROPOUT_SEED);
    }
}
