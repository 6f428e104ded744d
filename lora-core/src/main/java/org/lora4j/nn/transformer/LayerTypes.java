package org.lora4j.nn.transformer;

import java.util.List;
import java.util.function.IntPredicate;

/** Which layers of a model have a window: {@code layer_types} of transformers 5, or else a rule of the family. */
final class LayerTypes {
    /** A layer in which a token sees all others. */
    static final String FULL = "full_attention";

    /** A layer in which a token sees those of a window. */
    static final String SLIDING = "sliding_attention";

    private final List<String> types;
    private final IntPredicate slides;

    private LayerTypes(List<String> types, IntPredicate slides) {
        this.types = types;
        this.slides = slides;
    }

    /**
     * Reads the types.
     *
     * @param layers the number of layers
     * @param slides whether the i-th layer has a window if the file does not say it
     */
    static LayerTypes read(JsonFields fields, int layers, IntPredicate slides) {
        List<String> types = fields.texts("layer_types");
        types.forEach(type -> fields.requireOneOf("layer_types", List.of(FULL, SLIDING), type));
        if (!types.isEmpty() && types.size() != layers) {
            fields.refuse("layer_types must have a type for each of the " + layers + " layers, found " + types.size());
        }
        return new LayerTypes(types, slides);
    }

    /** Whether the i-th layer has a window. */
    boolean slides(int i) {
        return types.isEmpty() ? slides.test(i) : types.get(i).equals(SLIDING);
    }
}
