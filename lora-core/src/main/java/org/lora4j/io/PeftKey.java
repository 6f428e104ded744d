package org.lora4j.io;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a tensor of an adapter is.
 *
 * @param kind its part in the layer
 * @param path the module path of the layer
 */
record PeftKey(Kind kind, String path) {
    /** What stands before every module path in a file. */
    static final String PREFIX = "base_model.model.";

    // Older writers leave the adapter's name in the key, as in lora_A.default.weight.
    private static final String NAME = "(?:\\.(?!base_layer\\.)[^.]+)?";

    /** The parts. Those with longer suffixes come first: a key is of the first kind that it fits. */
    enum Kind {
        /** {@code A [r, in]}. */
        LORA_A("lora_A.weight", "(.+)\\.lora_A" + NAME + "\\.weight"),
        /** {@code B [out, r]}. */
        LORA_B("lora_B.weight", "(.+)\\.lora_B" + NAME + "\\.weight"),
        /** The bias of B {@code [out]}. */
        LORA_B_BIAS("lora_B.bias", "(.+)\\.lora_B" + NAME + "\\.bias"),
        /** DoRA's magnitude {@code [out]}. */
        MAGNITUDE("lora_magnitude_vector", "(.+)\\.lora_magnitude_vector" + NAME + "(?:\\.weight)?"),
        /** The trained bias of an adapted layer {@code [out]}. */
        BASE_BIAS("base_layer.bias", "(.+)\\.base_layer\\.bias"),
        /** The weight of a layer trained in full {@code [out, in]}. */
        WEIGHT("weight", "(.+?)(?:\\.modules_to_save" + NAME + ")?\\.weight"),
        /** The bias of a layer that is not adapted {@code [out]}. */
        BIAS("bias", "(.+?)(?:\\.modules_to_save" + NAME + ")?\\.bias");

        private final String suffix;
        private final Pattern pattern;

        Kind(String suffix, String pattern) {
            this.suffix = suffix;
            this.pattern = Pattern.compile(pattern);
        }

        boolean isFactor() {
            return this == LORA_A || this == LORA_B || this == LORA_B_BIAS || this == MAGNITUDE;
        }
    }

    /** The key as it is written. */
    String text() {
        return PREFIX + path + "." + kind.suffix;
    }

    /**
     * Reads a key. A name like {@code a.lora_A.weight} is ambiguous, since a layer may be called {@code a.lora_A}: the
     * first reading whose path is a module counts, else the first.
     *
     * @param text a name that begins with {@link #PREFIX}
     * @param isModule whether there is a layer of a path
     * @return the key, or empty if it is none of an adapter
     */
    static Optional<PeftKey> parse(String text, Predicate<String> isModule) {
        String name = text.substring(PREFIX.length());
        Optional<PeftKey> first = Optional.empty();
        for (Kind kind : List.of(Kind.values())) {
            Matcher matcher = kind.pattern.matcher(name);
            if (matcher.matches()) {
                PeftKey key = new PeftKey(kind, matcher.group(1));
                if (isModule.test(key.path)) {
                    return Optional.of(key);
                }
                first = first.or(() -> Optional.of(key));
            }
        }
        return first;
    }

    @Override
    public String toString() {
        return text();
    }
}
