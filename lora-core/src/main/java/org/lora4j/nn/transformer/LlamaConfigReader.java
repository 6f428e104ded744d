package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.lora4j.nn.layer.RotaryEmbedding;

/** Reads the {@code config.json} of a model of the Llama family. A field that is absent has the default of its model type. */
final class LlamaConfigReader {
    private static final List<String> ROPE_TYPES = List.of("default", "linear", "llama3");

    /** Mistral's default; null in the file means none. */
    private static final int DEFAULT_WINDOW = 4096;

    private static final Map<String, Integer> DEFAULT_POSITIONS =
            Map.of("llama", 2048, "mistral", 131_072, "qwen2", 32_768, "qwen3", 32_768);

    private final JsonFields fields;
    private final String modelType;
    private final int headSize;
    private final int positions;

    /** By how much linear scaling makes the context longer. */
    private double lengthFactor = 1;

    private LlamaConfigReader(JsonFields fields) {
        this.fields = fields;
        modelType = fields.text("model_type", "llama");
        positions = fields.integer("max_position_embeddings", DEFAULT_POSITIONS.get(modelType));
        headSize = fields.has("head_dim") ? fields.integer("head_dim") : defaultHeadSize();
    }

    /**
     * Reads a configuration.
     *
     * @throws IllegalArgumentException if a field is missing or wrong, or the model is one that this library does not compute;
     *     the message lists all that is wrong
     */
    static LlamaConfig read(ObjectNode json) {
        JsonFields fields = new JsonFields(json);
        fields.requireOneOf("model_type", LlamaConfig.MODEL_TYPES, fields.text("model_type", "llama"));
        fields.requireOneOf("hidden_act", List.of("silu"), fields.text("hidden_act", "silu"));
        List.of("is_encoder_decoder", "add_cross_attention").forEach(fields::requireOff);
        fields.requireEmpty("quantization_config");
        for (String experts : List.of("num_experts", "num_local_experts")) {
            if (fields.integer(experts, 0) != 0) {
                fields.refuse(experts + " must be 0, as mixtures of experts are not supported, found "
                        + fields.integer(experts, 0));
            }
        }
        fields.requireNoProblems("this library computes decoders of the Llama family");
        return new LlamaConfigReader(fields).config();
    }

    private int defaultHeadSize() {
        if (modelType.equals("qwen3")) {
            return 128;
        }
        int hidden = fields.integer("hidden_size");
        int heads = fields.integer("num_attention_heads");
        if (heads < 1 || hidden % heads != 0) {
            fields.refuse("num_attention_heads must divide hidden_size " + hidden + " if there is no head_dim, found "
                    + heads);
            return 0;
        }
        return hidden / heads;
    }

    private LlamaConfig config() {
        boolean isQwen2 = modelType.equals("qwen2");
        boolean isBiased =
                (modelType.equals("llama") || modelType.equals("qwen3")) && fields.truth("attention_bias", false);
        int heads = fields.integer("num_attention_heads");
        RotaryEmbedding rotary = rotary();
        fields.requireNoProblems("each field must have its type and be supported");
        LlamaConfig config = new LlamaConfig(
                modelType,
                fields.integer("vocab_size"),
                fields.integer("hidden_size"),
                fields.integer("num_hidden_layers"),
                heads,
                fields.integer("num_key_value_heads", heads),
                headSize,
                fields.integer("intermediate_size"),
                isBiased || isQwen2,
                isBiased,
                modelType.equals("llama") && fields.truth("mlp_bias", false),
                modelType.equals("qwen3"),
                fields.number("rms_norm_eps", 1e-6),
                rotary,
                maxLength(),
                fields.truth("tie_word_embeddings", false),
                fields.number("attention_dropout", 0.0));
        fields.requireNoProblems("each field must have its type and be supported");
        return config;
    }

    /** Full attention is right as long as no sequence is longer than the window. */
    private int maxLength() {
        int most = (int) Math.min(Integer.MAX_VALUE, positions * lengthFactor);
        boolean usesWindow = modelType.equals("mistral") || fields.truth("use_sliding_window", false);
        if (!usesWindow || (fields.mentions("sliding_window") && !fields.has("sliding_window"))) {
            return most;
        }
        return Math.min(most, fields.integer("sliding_window", DEFAULT_WINDOW));
    }

    /** The rotation: {@code rope_parameters} in transformers 5, before it {@code rope_theta} and {@code rope_scaling}. */
    private RotaryEmbedding rotary() {
        JsonFields parameters = fields.object("rope_parameters");
        JsonFields scaling = parameters == null ? fields.object("rope_scaling") : parameters;
        double theta = fields.number("rope_theta", 10_000.0);
        if (parameters != null) {
            theta = parameters.number("rope_theta", theta);
        }
        for (JsonFields each : scaling == null ? List.of(fields) : List.of(fields, scaling)) {
            if (each.number("partial_rotary_factor", 1.0) != 1) {
                each.refuse("partial_rotary_factor must be 1, found " + each.number("partial_rotary_factor", 1.0));
            }
        }
        if (headSize < 2 || headSize % 2 != 0 || !(theta > 0)) {
            fields.refuse("head_dim must be even and rope_theta positive, found " + headSize + " and " + theta);
            fields.requireNoProblems("each field must have its type and be supported");
        }
        RotaryEmbedding plain = RotaryEmbedding.of(headSize, theta);
        return scaling == null ? plain : scaled(plain, scaling);
    }

    private RotaryEmbedding scaled(RotaryEmbedding plain, JsonFields scaling) {
        String type = scaling.text("rope_type", scaling.text("type", ""));
        scaling.requireOneOf("rope_type", ROPE_TYPES, type);
        if (type.equals("linear")) {
            lengthFactor = scaling.number("factor");
            fields.requireNoProblems("each field must have its type and be supported");
            return plain.scaledLinearly(lengthFactor);
        }
        if (type.equals("llama3")) {
            double factor = scaling.number("factor");
            double low = scaling.number("low_freq_factor");
            double high = scaling.number("high_freq_factor");
            int original = scaling.integer("original_max_position_embeddings", positions);
            fields.requireNoProblems("each field must have its type and be supported");
            return plain.scaledByParts(factor, low, high, original);
        }
        return plain;
    }
}
