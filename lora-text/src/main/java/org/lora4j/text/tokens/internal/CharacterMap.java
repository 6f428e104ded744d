package org.lora4j.text.tokens.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The table of characters of a SentencePiece model: a trie of the texts that are replaced, in the form of darts-clone, and the
 * texts that take their places, each with a zero at its end. The native library reads both without a check.
 *
 * @see <a href="https://github.com/s-yata/darts-clone">The format of the trie</a>
 */
final class CharacterMap {
    private static final int BYTES = 256;

    private final int[] trie;
    private final byte[] texts;

    private CharacterMap(int[] trie, byte[] texts) {
        this.trie = trie;
        this.texts = texts;
    }

    /** Returns what is wrong with a table in Base64; null if nothing is. */
    static @Nullable String problem(String base64) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            return "no Base64";
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int size = in.remaining() < Integer.BYTES ? -1 : in.getInt();
        if (size < Integer.BYTES || size > in.remaining() || size % Integer.BYTES != 0) {
            return "a trie of " + Integer.toUnsignedString(size) + " bytes in " + bytes.length;
        }
        int[] trie = new int[size / Integer.BYTES];
        in.asIntBuffer().get(trie);
        byte[] texts = new byte[in.remaining() - size];
        in.get(in.position() + size, texts);
        return new CharacterMap(trie, texts).problem();
    }

    private @Nullable String problem() {
        if (!areUtf8()) {
            return "texts that are not UTF-8";
        }
        // All places that a text can lead to.
        BitSet seen = new BitSet();
        Deque<Integer> open = new ArrayDeque<>();
        open.add(offset(trie[0]));
        while (!open.isEmpty()) {
            int node = open.remove();
            for (int key = 1; key < BYTES; key++) {
                int place = node ^ key;
                if (place < 0 || place >= trie.length) {
                    return "a trie that leads out of its " + trie.length + " places";
                }
                int unit = trie[place];
                if ((unit & (1 << 31 | 0xff)) != key || seen.get(place)) {
                    continue;
                }
                seen.set(place);
                int next = place ^ offset(unit);
                if (next < 0 || next >= trie.length) {
                    return "a trie that leads out of its " + trie.length + " places";
                }
                if ((unit >>> 8 & 1) == 1 && !isStart(trie[next] & Integer.MAX_VALUE)) {
                    return "a trie that leads into the middle of a text";
                }
                open.add(next);
            }
        }
        return null;
    }

    private boolean areUtf8() {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(texts))
                    .hasArray();
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    /** Whether a character begins at a place of the texts. */
    private boolean isStart(int place) {
        return place < texts.length && (texts[place] & 0xc0) != 0x80;
    }
}
