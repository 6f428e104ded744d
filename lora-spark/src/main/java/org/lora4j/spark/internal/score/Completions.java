package org.lora4j.spark.internal.score;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.spark.internal.rows.DecoderReader;

/**
 * How prompts are read of rows, continued, and written as texts.
 *
 * @param reader how the prompts are read
 * @param options how tokens are chosen
 */
public record Completions(DecoderReader reader, SentOptions options) implements Serializable {
    /**
     * A text to continue.
     *
     * @param ids its tokens
     * @param seed the seed of the draws
     */
    @SuppressWarnings("ArrayRecordComponent") // It is not compared.
    record Prompt(int[] ids, long seed) {}

    /**
     * Reads the prompt of a row.
     *
     * @param key the id of the row, or null
     * @throws InvalidRowException if the row cannot be computed
     */
    Prompt read(Row row, @Nullable Object key) {
        return new Prompt(reader.prompt(row), key == null ? options.seed() : 31 * options.seed() + key.hashCode());
    }

    /** How the tokens after a prompt are chosen. */
    GenerationOptions options(BaseDecoder base, Prompt prompt) {
        return base.tokens().fitting(options.options(prompt.seed()), prompt.ids().length);
    }

    /** The text of new tokens. */
    String text(BaseDecoder base, Generation generation) {
        return base.decoder()
                .tokenizer()
                .decode(generation.newTokens().stream()
                        .mapToInt(Integer::intValue)
                        .toArray());
    }
}
