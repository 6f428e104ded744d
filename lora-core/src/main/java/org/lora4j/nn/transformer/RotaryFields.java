package org.lora4j.nn.transformer;

import java.util.List;
import org.lora4j.nn.layer.RotaryEmbedding;

/**
 * What a {@code config.json} says about the rotation by positions: {@code rope_parameters} in transformers 5, before it
 * {@code rope_theta} and {@code rope_scaling}.
 *
 * @param rotary the rotation
 * @param maxLength the positions, times the factor of linear scaling
 */
record RotaryFields(RotaryEmbedding rotary, int maxLength) {
    private static final List<String> TYPES = List.of("default", "linear", "llama3");
    private static final String PARTIAL = "partial_rotary_factor";
    private static final String THETA = "rope_theta";

    /**
     * Reads the rotation.
     *
     * @param headSize the size of a head
     * @param positions the number of positions without scaling
     * @param otherwise θ if the file does not say it
     * @throws IllegalArgumentException if there is a problem, here or before
     */
    static RotaryFields read(JsonFields fields, int headSize, int positions, double otherwise) {
        JsonFields parameters = fields.object("rope_parameters");
        JsonFields scaling = parameters == null ? fields.object("rope_scaling") : parameters;
        double theta = fields.number(THETA, otherwise);
        if (parameters != null) {
            theta = parameters.number(THETA, theta);
        }
        for (JsonFields each : scaling == null ? List.of(fields) : List.of(fields, scaling)) {
            double part = each.number(PARTIAL, 1.0);
            if (part != 1) {
                each.refuse(PARTIAL + " must be 1, found " + part);
            }
        }
        if (headSize < 2 || headSize % 2 != 0 || !(theta > 0)) {
            fields.refuse("head_dim must be even and rope_theta positive, found " + headSize + " and " + theta);
        }
        String type = scaling == null ? "default" : scaling.text("rope_type", scaling.text("type", ""));
        if (scaling != null) {
            scaling.requireOneOf("rope_type", TYPES, type);
        }
        fields.requireNoProblems();
        RotaryEmbedding plain = RotaryEmbedding.of(headSize, theta);
        return scaling == null ? new RotaryFields(plain, positions) : scaled(plain, type, scaling, positions);
    }

    /**
     * Creates a rotation without scaling.
     *
     * @param headSize the size of a head
     * @param field what the file calls θ
     * @param theta θ
     * @throws IllegalArgumentException if there is a problem, here or before
     */
    static RotaryEmbedding plain(JsonFields fields, int headSize, String field, double theta) {
        if (headSize < 2 || headSize % 2 != 0 || !(theta > 0)) {
            fields.refuse(
                    "the size of a head must be even and " + field + " positive, found " + headSize + " and " + theta);
        }
        fields.requireNoProblems();
        return RotaryEmbedding.of(headSize, theta);
    }

    private static RotaryFields scaled(RotaryEmbedding plain, String type, JsonFields scaling, int positions) {
        if (type.equals("linear")) {
            double factor = scaling.number("factor");
            scaling.requireNoProblems();
            int longest = (int) Math.min(Integer.MAX_VALUE, positions * factor);
            return new RotaryFields(plain.scaledLinearly(factor), longest);
        }
        if (type.equals("llama3")) {
            double factor = scaling.number("factor");
            double low = scaling.number("low_freq_factor");
            double high = scaling.number("high_freq_factor");
            int original = scaling.integer("original_max_position_embeddings", positions);
            scaling.requireNoProblems();
            return new RotaryFields(plain.scaledByParts(factor, low, high, original), positions);
        }
        return new RotaryFields(plain, positions);
    }
}
