package org.lora4j.example.text.story;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.train.Batch;

/**
 * Speeches as tokens, one after the other, cut into windows of the same length. What is left at the end is dropped. Before each
 * speech is the token {@code <|endoftext|>} if the tokenizer has one.
 */
final class Speeches {
    /** The tokens of a window. */
    static final int WINDOW = 128;

    private static final String END = "<|endoftext|>";

    private final int[] ids;

    private Speeches(int[] ids) {
        this.ids = ids;
    }

    /** Reads one of the bundled files: {@code old-train}, {@code old-test}, {@code new-train} or {@code new-test}. */
    static Speeches read(String name, Tokenizer tokenizer) throws IOException {
        try (InputStream file = new GZIPInputStream(resource(name + ".tsv.gz"))) {
            return new Speeches(new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))
                    .lines()
                    .map(line -> line.substring(line.indexOf('\t') + 1))
                    .flatMapToInt(speech -> IntStream.concat(
                            end(tokenizer).stream(),
                            Arrays.stream(tokenizer.encode(speech).ids())))
                    .toArray());
        }
    }

    static OptionalInt end(Tokenizer tokenizer) {
        return tokenizer.tokenId(END);
    }

    static InputStream resource(String name) {
        return Objects.requireNonNull(Speeches.class.getResourceAsStream(name), name);
    }

    /** The number of windows. */
    int count() {
        return ids.length / WINDOW;
    }

    long tokens() {
        return (long) count() * WINDOW;
    }

    int[] window(int i) {
        return Arrays.copyOfRange(ids, i * WINDOW, (i + 1) * WINDOW);
    }

    /** Some windows, whose tokens are their own labels. */
    Batch batch(int... chosen) {
        return new Batch(
                Sequences.of(Arrays.stream(chosen).mapToObj(this::window).toArray(int[][]::new)), null);
    }
}
