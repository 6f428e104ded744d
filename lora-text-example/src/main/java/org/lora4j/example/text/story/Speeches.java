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
import org.lora4j.text.Tokenizer;
import org.lora4j.train.Batch;

/**
 * Speeches as tokens, one after the other, cut into windows of the same length. What is left at the end is dropped. Before each
 * speech is the token {@code <|endoftext|>} if the tokenizer has one.
 */
final class Speeches {
    /** The tokens of a window. */
    static final int WINDOW = 128;

    private static final String END = "<|endoftext|>";

    private final int[][] windows;

    private Speeches(int[] ids) {
        windows = new int[ids.length / WINDOW][WINDOW];
        for (int i = 0; i < windows.length * WINDOW; i++) {
            windows[i / WINDOW][i % WINDOW] = ids[i];
        }
    }

    /** Reads one of the bundled files: {@code old-train}, {@code old-test}, {@code new-train} or {@code new-test}. */
    static Speeches read(String name, Tokenizer tokenizer) throws IOException {
        OptionalInt end = end(tokenizer);
        IntStream.Builder ids = IntStream.builder();
        try (InputStream file = resource(name + ".tsv.gz");
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(new GZIPInputStream(file), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String speech = line.substring(line.indexOf('\t') + 1);
                end.ifPresent(ids::add);
                Arrays.stream(tokenizer.encode(speech).ids()).forEach(ids::add);
            }
        }
        return new Speeches(ids.build().toArray());
    }

    static OptionalInt end(Tokenizer tokenizer) {
        return tokenizer.tokenId(END);
    }

    static InputStream resource(String name) {
        return Objects.requireNonNull(Speeches.class.getResourceAsStream(name), name);
    }

    int count() {
        return windows.length;
    }

    long tokens() {
        return (long) windows.length * WINDOW;
    }

    int[] window(int i) {
        return windows[i].clone();
    }

    /** Some windows, whose tokens are their own labels. */
    Batch batch(int... chosen) {
        return new Batch(
                Sequences.of(Arrays.stream(chosen).mapToObj(i -> windows[i]).toArray(int[][]::new)), null);
    }
}
