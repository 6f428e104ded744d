package org.lora4j.text.tokens.internal;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The letters by which GPT-2's vocabularies write bytes: printable ones as themselves, the others as those from U+0100 on. */
final class ByteLetters {
    private static final char[] LETTERS = new char[256];
    private static final short[] BYTES = new short[512];

    static {
        Arrays.fill(BYTES, (short) -1);
        int next = 256;
        for (int i = 0; i < LETTERS.length; i++) {
            boolean isPrintable = (i >= '!' && i <= '~') || (i >= 0xA1 && i <= 0xAC) || i >= 0xAE;
            LETTERS[i] = (char) (isPrintable ? i : next++);
            BYTES[LETTERS[i]] = (short) i;
        }
    }

    private ByteLetters() {}

    static String of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        char[] letters = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            letters[i] = LETTERS[Byte.toUnsignedInt(bytes[i])];
        }
        return new String(letters);
    }

    /** The bytes that letters stand for; those in UTF-8 of what is none of these letters. */
    static byte[] bytes(String letters) {
        byte[] bytes = new byte[letters.length()];
        for (int i = 0; i < bytes.length; i++) {
            char letter = letters.charAt(i);
            if (letter >= BYTES.length || BYTES[letter] < 0) {
                return letters.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) BYTES[letter];
        }
        return bytes;
    }
}
