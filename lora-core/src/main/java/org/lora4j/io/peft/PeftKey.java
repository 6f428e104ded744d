package org.lora4j.io.peft;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.adapter.LayerKind;

/**
 * The meaning of a tensor of an adapter.
 *
 * @param kind which array of the layer it is
 * @param path the module path of the layer
 */
record PeftKey(Kind kind, String path) {
    /** The prefix of every module path in a file. */
    static final String PREFIX = "base_model.model.";

    // Older writers leave the adapter's name in the key, as in lora_A.default.weight.
    private static final String NAME = "(?:\\.(?!base_layer\\.)[^.]+)?";

    /** The kinds of arrays. Those with longer suffixes come first: a key is of the first kind that it matches. */
    enum Kind {
        /** {@code A [r, in]}, or {@code [r, in, kh, kw]} of a convolution. */
        LORA_A("lora_A.weight", "(.+)\\.lora_A" + NAME + "\\.weight"),
        /** {@code B [out, r]}, or {@code [out, r, 1, 1]} of a convolution. */
        LORA_B("lora_B.weight", "(.+)\\.lora_B" + NAME + "\\.weight"),
        /** A of an embedding {@code [r, vocab]}. */
        EMBEDDING_A("lora_embedding_A", "(.+)\\.lora_embedding_A" + NAME),
        /** B of an embedding {@code [dim, r]}. */
        EMBEDDING_B("lora_embedding_B", "(.+)\\.lora_embedding_B" + NAME),
        /** The bias of B {@code [out]}. */
        LORA_B_BIAS("lora_B.bias", "(.+)\\.lora_B" + NAME + "\\.bias"),
        /** DoRA's magnitude {@code [out]}. */
        MAGNITUDE("lora_magnitude_vector", "(.+)\\.lora_magnitude_vector" + NAME + "(?:\\.weight)?"),
        /** The trained bias of an adapted layer {@code [out]}, or a copy of the base's. */
        BASE_BIAS("base_layer.bias", "(.+)\\.base_layer\\.bias"),
        /** A copy of the weight of an adapted layer. */
        BASE_WEIGHT("base_layer.weight", "(.+)\\.base_layer\\.weight"),
        /** The rows of an embedding that replace those of some tokens {@code [n, dim]}. */
        TOKENS(
                "token_adapter.trainable_tokens_delta",
                "(.+)\\.token_adapter\\.trainable_tokens_delta" + NAME + "(?:\\.weight)?"),
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
            return switch (this) {
                case LORA_A, LORA_B, EMBEDDING_A, EMBEDDING_B, LORA_B_BIAS, MAGNITUDE -> true;
                case BASE_BIAS, BASE_WEIGHT, TOKENS, WEIGHT, BIAS -> false;
            };
        }

        static Kind factorA(LayerKind layer) {
            return layer == LayerKind.EMBEDDING ? EMBEDDING_A : LORA_A;
        }

        static Kind factorB(LayerKind layer) {
            return layer == LayerKind.EMBEDDING ? EMBEDDING_B : LORA_B;
        }
    }

    /** The key as it is written. */
    String text() {
        return PREFIX + path + "." + kind.suffix;
    }

    /**
     * Reads a key. A name like {@code a.lora_A.weight} is ambiguous, since a layer may have the path {@code a.lora_A}: the
     * first reading whose path is a module counts, or else the first reading.
     *
     * @param text a name that begins with {@link #PREFIX}
     * @param isModule whether a path is a layer of the base
     * @return the key, or empty if it is not a key of an adapter
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
