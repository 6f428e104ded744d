package org.lora4j.text.tokens.internal;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.io.gguf.internal.GgufEnds;
import org.lora4j.io.gguf.internal.GgufKeys;
import org.lora4j.io.gguf.model.GgufException;

/** The tokens of a GGUF file: their texts, their kinds, and which of them begin and end a text. */
public final class Vocabulary {
    static final String PREFIX = "tokenizer.ggml.";
    static final String MODEL = PREFIX + "model";

    private static final String TOKENS = PREFIX + "tokens";
    private static final String KINDS = PREFIX + "token_type";
    private static final String SCORES = PREFIX + "scores";

    static final int NONE = -1;

    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private final GgufKeys keys;
    private final List<String> tokens;
    private final int[] kinds;
    private final double[] scores;
    private final Map<String, Integer> ids = new HashMap<>();

    private Vocabulary(GgufKeys keys, List<String> tokens, int[] kinds, double[] scores) {
        this.keys = keys;
        this.tokens = tokens;
        this.kinds = kinds;
        this.scores = scores;
        for (int i = 0; i < kinds.length; i++) {
            ids.putIfAbsent(tokens.get(i), i);
        }
    }

    /**
     * Reads the tokens of a file.
     *
     * @throws GgufException if there are none, two have the same text, or the kinds or the scores are fewer or more
     */
    public static Vocabulary read(GgufKeys keys) throws GgufException {
        List<String> tokens =
                keys.texts(TOKENS).orElseThrow(() -> keys.refuse(TOKENS, "must be there for texts", "no such key"));
        int[] kinds = kinds(keys, tokens);
        double[] scores = keys.numbers(SCORES).orElseGet(() -> new double[tokens.size()]);
        if (scores.length != tokens.size()) {
            throw keys.refuse(SCORES, "must be one for each of the " + tokens.size() + " tokens", scores.length);
        }
        Vocabulary vocabulary = new Vocabulary(keys, tokens, kinds, scores);
        if (vocabulary.ids.size() != tokens.size()) {
            throw keys.refuse(TOKENS, "must have different texts", tokens.size() - vocabulary.ids.size() + " twice");
        }
        return vocabulary;
    }

    private static int[] kinds(GgufKeys keys, List<String> tokens) throws GgufException {
        Optional<long[]> stored = keys.wholes(KINDS);
        int[] kinds = new int[tokens.size()];
        Arrays.fill(kinds, NORMAL);
        if (stored.isPresent()) {
            if (stored.get().length != kinds.length) {
                throw keys.refuse(
                        KINDS, "must be one for each of the " + kinds.length + " tokens", stored.get().length);
            }
            Arrays.setAll(kinds, i -> (int) stored.get()[i]);
        }
        for (int i = 0; i < kinds.length; i++) {
            if (GgufEnds.isEnd(tokens.get(i))) {
                kinds[i] = CONTROL;
            }
        }
        return kinds;
    }

    GgufKeys keys() {
        return keys;
    }

    public int size() {
        return kinds.length;
    }

    public String text(int id) {
        return tokens.get(id);
    }

    /** The number of a token, or {@link #NONE}. */
    int id(String text) {
        return ids.getOrDefault(text, NONE);
    }

    /** By which SentencePiece chooses tokens; the greater the sooner. */
    double score(int id) {
        return scores[id];
    }

    public boolean isControl(int id) {
        return kinds[id] == CONTROL || kinds[id] == UNKNOWN;
    }

    boolean isUserDefined(int id) {
        return kinds[id] == USER_DEFINED;
    }

    /** Whether a token stands for nothing. */
    boolean isUnused(int id) {
        return kinds[id] == UNUSED;
    }

    boolean isByte(int id) {
        return kinds[id] == BYTE;
    }

    /** The token {@code <0xXX>} of a byte, or {@link #NONE}. */
    int ofByte(byte value) {
        return id(String.format(Locale.ROOT, "<0x%02X>", Byte.toUnsignedInt(value)));
    }

    /** A token that a key names, such as {@code bos_token_id}, or {@link #NONE}. */
    public int named(String name) throws GgufException {
        String key = PREFIX + name;
        long id = keys.whole(key).orElse(NONE);
        if (id < NONE || id >= size()) {
            throw keys.refuse(key, "must be one of the " + size() + " tokens", id);
        }
        return (int) id;
    }

    boolean truth(String name, boolean otherwise) throws GgufException {
        return keys.truth(PREFIX + name).orElse(otherwise);
    }

    /** How many bytes the text of a token has in UTF-8. */
    int bytes(int id) {
        return tokens.get(id).getBytes(StandardCharsets.UTF_8).length;
    }
}
