package org.lora4j.io.gguf.internal;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.internal.ForModules;
import org.lora4j.io.gguf.model.GgufException;

/** The tokens that end an answer, as llama.cpp finds them: some keys name them, and some have well-known texts. */
@ForModules
public final class GgufEnds {
    private static final String TOKENS = "tokenizer.ggml.tokens";

    private static final List<String> KEYS = List.of("eos_token_id", "eot_token_id", "eom_token_id");

    private static final Set<String> TEXTS = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<|flush|>",
            "<|calls|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "</s>",
            "<|eom_id|>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "[EOS]",
            "<|end_of_text|>",
            "<end_of_utterance>");

    private GgufEnds() {}

    /**
     * Returns whether a token ends an answer because of its text. llama.cpp takes such a token for a control token, whatever the file
     * says.
     *
     * @param text the text of a token
     * @return true if it is one of the known ones
     */
    public static boolean isEnd(String text) {
        return TEXTS.contains(Objects.requireNonNull(text, "text must not be null"));
    }

    /** The numbers of the tokens that end an answer, in ascending order. */
    static int[] of(GgufKeys keys) throws GgufException {
        List<String> tokens = keys.texts(TOKENS).orElse(List.of());
        IntStream named = IntStream.range(0, tokens.size()).filter(i -> isEnd(tokens.get(i)));
        int[] stated = new int[KEYS.size()];
        for (int i = 0; i < stated.length; i++) {
            stated[i] = (int) keys.whole("tokenizer.ggml." + KEYS.get(i)).orElse(-1);
        }
        return IntStream.concat(named, Arrays.stream(stated))
                .filter(id -> id >= 0 && id < tokens.size())
                .sorted()
                .distinct()
                .toArray();
    }
}
