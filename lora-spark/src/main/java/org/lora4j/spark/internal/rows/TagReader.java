package org.lora4j.spark.internal.rows;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.BaseTagger;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.text.data.TaggedTokens;
import org.lora4j.text.tokens.TagSpan;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Reads rows whose texts have labels of their parts, in the columns that the training selects.
 *
 * @param base the model, which makes tokens of them; null if only the labels are read
 * @param columns what the rows have
 * @param skipsInvalid whether rows that cannot be computed are left out
 */
public record TagReader(@Nullable Broadcast<BaseTagger> base, TagColumns columns, boolean skipsInvalid)
        implements ExampleReader {
    private static final int FIRST = 1;

    /** An example says itself what is learned. */
    private static final double[] NO_LABEL = {};

    @Override
    public boolean isLearned(Row row) {
        if (base == null) {
            columns.read(row, FIRST);
        } else {
            tokens(row);
        }
        return true;
    }

    /**
     * Reads the labels of the parts of a text.
     *
     * @throws InvalidRowException if the row is wrong
     */
    public Stream<String> labels(Row row) {
        return columns.read(row, FIRST).tagged().stream().map(TagSpan::label);
    }

    private TaggedTokens tokens(Row row) {
        try {
            return Objects.requireNonNull(base)
                    .value()
                    .learner()
                    .learned(List.of(columns.read(row, FIRST)))
                    .get(0);
        } catch (InvalidRowException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new InvalidRowException("a row cannot be learned: " + e.getMessage(), e);
        }
    }

    @Override
    public Example read(Row row, long number) {
        return new Example(number, TagInputs.of(tokens(row)), FlatValues.rounded(NO_LABEL, DataType.FLOAT), 1);
    }
}
