package org.lora4j.spark.internal.rows;

import org.apache.spark.sql.Row;
import org.lora4j.text.data.TokenExample;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Reads rows that a language model learns.
 *
 * @param texts how the texts are read
 * @param skipsInvalid whether rows that cannot be computed are left out
 */
public record LearnedReader(DecoderReader texts, boolean skipsInvalid) implements ExampleReader {
    /** An example says itself what is learned. */
    private static final double[] NO_LABEL = {};

    @Override
    public boolean isLearned(Row row) {
        if (texts.form() == DecoderColumns.Form.TEXT) {
            text(row);
        } else {
            texts.answers(row);
        }
        return true;
    }

    @Override
    public Example read(Row row, long number) {
        return example(texts.answers(row), number);
    }

    public static Example example(TokenExample tokens, long number) {
        return new Example(number, LearnedTokens.of(tokens), FlatValues.rounded(NO_LABEL, DataType.FLOAT), 1);
    }

    public int[] text(Row row) {
        return texts.text(row);
    }
}
