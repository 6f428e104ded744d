package org.lora4j.nn.transformer;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.RotaryEmbedding;

/**
 * What a {@code config.json} says about the rotation by positions: {@code rope_parameters} in transformers 5, before it
 * {@code rope_theta} and {@code rope_scaling}.
 *
 * @param rotary the rotation
 * @param maxLength the positions, times the factor of linear scaling; with {@code longrope} those before the scaling
 */
record RotaryFields(RotaryEmbedding rotary, int maxLength) {
    private static final List<String> TYPES = List.of("default", "linear", "llama3", "longrope");
    private static final String LONGROPE = "longrope";

    /** What files of Phi-3 called it at first. */
    private static final String FORMER_LONGROPE = "su";

    private static final String PARTIAL = "partial_rotary_factor";
    private static final String PARAMETERS = "rope_parameters";
    private static final String THETA = "rope_theta";
    private static final String ORIGINAL = "original_max_position_embeddings";

    /**
     * Reads the rotation.
     *
     * @param headSize the size of a head
     * @param positions the number of positions without scaling
     * @param otherwise θ if the file does not say it
     * @throws IllegalArgumentException if there is a problem, here or before
     */
    static RotaryFields read(JsonFields fields, int headSize, int positions, double otherwise) {
        return read(fields, null, headSize, positions, otherwise);
    }

    /**
     * Reads the rotation of layers of a type, if the file distinguishes them.
     *
     * @param type the type, or null
     */
    static RotaryFields read(JsonFields fields, @Nullable String type, int headSize, int positions, double otherwise) {
        JsonFields scaling = scaling(fields, type);
        double theta = theta(fields, scaling, otherwise);
        for (JsonFields each : scaling == null ? List.of(fields) : List.of(fields, scaling)) {
            double part = each.number(PARTIAL, 1.0);
            if (part != 1) {
                each.refuse(PARTIAL + " must be 1, found " + part);
            }
        }
        requireRotation(fields, "head_dim", headSize, THETA, theta);
        String scalingType = type(scaling);
        if (scaling != null) {
            scaling.requireOneOf("rope_type", TYPES, scalingType);
        }
        fields.requireNoProblems();
        RotaryEmbedding plain = RotaryEmbedding.of(headSize, theta);
        if (scaling == null) {
            return new RotaryFields(plain, positions);
        }
        return scalingType.equals(LONGROPE)
                ? scaledByFactors(fields, plain, headSize, scaling, positions)
                : scaled(plain, scalingType, scaling, positions);
    }

    /** The fields of the scaling, or null if there are none. */
    private static @Nullable JsonFields scaling(JsonFields fields, @Nullable String type) {
        JsonFields parameters = fields.object(PARAMETERS);
        if (parameters == null) {
            return fields.object("rope_scaling");
        }
        return type == null ? parameters : parameters.object(type);
    }

    private static double theta(JsonFields fields, @Nullable JsonFields scaling, double otherwise) {
        double theta = fields.number(THETA, otherwise);
        return scaling == null ? theta : scaling.number(THETA, theta);
    }

    private static String type(@Nullable JsonFields scaling) {
        return scaling == null ? "default" : scaling.text("rope_type", scaling.text("type", ""));
    }

    private static void requireRotation(JsonFields fields, String size, int dimensions, String field, double theta) {
        if (dimensions < 2 || dimensions % 2 != 0 || !(theta > 0)) {
            fields.refuse(size + " must be even and " + field + " positive, found " + dimensions + " and " + theta);
        }
    }

    /**
     * Reads the rotation of Phi: that of a part of each head, {@code int(head_dim·partial_rotary_factor)} numbers, with
     * {@code longrope}. Its factors for short texts are right up to the positions before the scaling, so longer texts are refused.
     *
     * @param headSize the size of a head
     * @param positions the number of positions
     * @param otherwise θ if the file does not say it
     * @throws IllegalArgumentException if there is a problem, here or before
     */
    static RotaryFields ofPhi(JsonFields fields, int headSize, int positions, double otherwise) {
        JsonFields scaling = scaling(fields, null);
        double theta = theta(fields, scaling, otherwise);
        double part = fields.number(PARTIAL, 1.0);
        if (scaling != null) {
            part = scaling.number(PARTIAL, part);
        }
        if (!(part > 0 && part <= 1)) {
            fields.refuse(PARTIAL + " must be above 0 and at most 1, found " + part);
        }
        int dimensions = (int) (headSize * part);
        requireRotation(fields, "head_dim times " + PARTIAL, dimensions, THETA, theta);
        String type = type(scaling);
        if (scaling != null) {
            scaling.requireOneOf("rope_type", List.of("default", LONGROPE, FORMER_LONGROPE), type);
        }
        fields.requireNoProblems();
        RotaryEmbedding plain = RotaryEmbedding.of(dimensions, theta);
        if (scaling == null || type.equals("default")) {
            return new RotaryFields(plain, positions);
        }
        return scaledByFactors(fields, plain, dimensions, scaling, positions);
    }

    /** Its factors for short texts are right up to the positions before the scaling. */
    private static RotaryFields scaledByFactors(
            JsonFields fields, RotaryEmbedding plain, int dimensions, JsonFields scaling, int positions) {
        int before = scaling.positive(ORIGINAL, fields.positive(ORIGINAL, positions));
        double factor = (double) positions / before;
        double constant = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(before));
        double stated = scaling.number("attention_factor", constant);
        double[] factors = scaling.numbers("short_factor", dimensions / 2);
        fields.requireNoProblems();
        return new RotaryFields(plain.scaledByFactors(factors, stated), Math.min(positions, before));
    }

    /**
     * Reads the rotation of one type of layers, without scaling: {@code rope_parameters} has one for each type in transformers
     * 5; before it, there was a field of its own.
     *
     * @param type the type of the layers
     * @param field what the file calls θ before transformers 5
     * @param otherwise θ if the file does not say it
     * @throws IllegalArgumentException if there is a problem, here or before
     */
    static RotaryEmbedding ofType(JsonFields fields, int headSize, String type, String field, double otherwise) {
        double theta = fields.number(field, otherwise);
        JsonFields parameters = fields.object(PARAMETERS);
        JsonFields ofType = parameters == null ? null : parameters.object(type);
        if (ofType != null) {
            ofType.requireText("rope_type", "default");
            theta = ofType.number(THETA, theta);
        }
        return plain(fields, headSize, field, theta);
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
        requireRotation(fields, "the size of a head", headSize, field, theta);
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
            int original = scaling.integer(ORIGINAL, positions);
            scaling.requireNoProblems();
            return new RotaryFields(plain.scaledByParts(factor, low, high, original), positions);
        }
        return new RotaryFields(plain, positions);
    }
}
