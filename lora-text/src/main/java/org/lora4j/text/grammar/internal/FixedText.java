package org.lora4j.text.grammar.internal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The tokens of text that a grammar fixes, such as the names of properties. Any division into tokens would be this text. A model has
 * learned the one of its tokenizer, and where only this one is allowed, no step of the model is needed. Not thread-safe.
 */
final class FixedText {
    static final int NONE = -1;

    private static final int MOST_BYTES = 200;

    private final TokenTrie trie;
    private final Function<String, int[]> tokenizer;
    private final Map<Expression, Integer> known = new HashMap<>();

    /**
     * Creates an instance.
     *
     * @param tokenizer divides a text that stands alone
     */
    FixedText(TokenTrie trie, Function<String, int[]> tokenizer) {
        this.trie = trie;
        this.tokenizer = tokenizer;
    }

    /** The token that the next text begins with; {@link #NONE} if the text is not fixed, or may be a part of a longer token. */
    int next(Expression rest) {
        Integer next = known.get(rest);
        if (next == null) {
            divide(rest);
            next = known.getOrDefault(rest, NONE);
            known.put(rest, next);
        }
        return next;
    }

    private void divide(Expression rest) {
        List<Expression> before = new ArrayList<>();
        ByteArrayOutputStream fixed = new ByteArrayOutputStream();
        Expression at = rest;
        while (fixed.size() < MOST_BYTES && at.head() instanceof OneByte one && one.isSingle()) {
            before.add(at);
            fixed.write(one.first());
            at = at.tail();
        }
        byte[] bytes = fixed.toByteArray();
        boolean isWhole = at == rest.all.empty() || (at.head() instanceof OneByte one && one.isToken());
        int end = isWhole ? bytes.length : withoutBeginning(bytes);
        int from = 0;
        for (int id : ids(bytes)) {
            byte[] token = id >= 0 && id < trie.size() ? trie.bytes(id) : new byte[0];
            int to = from + token.length;
            if (to == from || to > end || !Arrays.equals(token, 0, token.length, bytes, from, to)) {
                return;
            }
            known.put(before.get(from), id);
            from = to;
        }
    }

    private int[] ids(byte[] bytes) {
        if (bytes.length == 0) {
            return new int[0];
        }
        try {
            return tokenizer.apply(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            // It begins or ends within a character.
            return new int[0];
        }
    }

    /** Where the bytes at the end begin that a longer token can begin with. */
    private int withoutBeginning(byte[] bytes) {
        for (int from = Math.max(0, bytes.length - trie.longest()); from < bytes.length; from++) {
            int node = 0;
            int at = from;
            do {
                node = trie.child(node, bytes[at]);
                at++;
            } while (node > 0 && at < bytes.length);
            if (node > 0 && trie.hasChildren(node)) {
                return from;
            }
        }
        return bytes.length;
    }
}
