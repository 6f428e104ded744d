package org.lora4j.spark.internal.rows;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A hash of the rows of a training with their numbers. The hashes of rows are added up, so it does not depend on which worker
 * has a row.
 */
public final class RowHash {
    private final MessageDigest digest = sha256();
    private long sum;

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Adds a row. */
    public void add(Example row) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(row.number()).flip());
        row.input().addTo(this);
        add(row.label());
        if (row.weight() != 1) {
            digest.update(
                    ByteBuffer.allocate(Double.BYTES).putDouble(row.weight()).flip());
        }
        sum += ByteBuffer.wrap(digest.digest()).getLong();
    }

    void add(FlatValues values) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + Double.BYTES * values.length());
        bytes.putInt(values.length());
        for (int i = 0; i < values.length(); i++) {
            bytes.putDouble(values.get(i));
        }
        digest.update(bytes.flip());
    }

    void add(int[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (values.length + 1));
        bytes.putInt(values.length);
        for (int value : values) {
            bytes.putInt(value);
        }
        digest.update(bytes.flip());
    }

    /** The sum of the hashes of all rows that were added. */
    public long sum() {
        return sum;
    }
}
