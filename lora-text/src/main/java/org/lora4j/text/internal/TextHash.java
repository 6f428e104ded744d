package org.lora4j.text.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.lora4j.internal.ForModules;

/**
 * A hash of 64 bits in place of a text, to compare many texts that do not fit into memory: the beginning of SHA-256. That two of
 * 100 million texts have the same one has a probability of 0.0003. One thread at a time uses it.
 */
@ForModules
public final class TextHash {
    private final MessageDigest digest;

    /** Creates a hash. */
    public TextHash() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Java must have SHA-256, found none", e);
        }
    }

    /**
     * Returns the hash of a text.
     *
     * @param text the text
     * @return 64 bits
     */
    public long of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns the hash of bytes.
     *
     * @param bytes the bytes
     * @return 64 bits
     */
    public long of(byte[] bytes) {
        return ByteBuffer.wrap(digest.digest(bytes)).getLong();
    }
}
