package org.lora4j.cli.train;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A hash of 64 bits in place of a text, to compare many texts that do not fit into memory: the beginning of SHA-256. That two of
 * 100 million texts have the same one has a probability of 0.0003. One thread at a time uses it.
 */
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
        return ByteBuffer.wrap(digest.digest(text.getBytes(StandardCharsets.UTF_8)))
                .getLong();
    }
}
