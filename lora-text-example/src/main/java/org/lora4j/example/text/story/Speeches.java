package org.lora4j.example.text.story;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.lora4j.text.Tokenizer;

/**
 * The tokens of speeches, one after the other, each with {@code <|endoftext|>} before it.
 *
 * @param ids the tokens
 */
record Speeches(List<Integer> ids) {
    /** The token between speeches. */
    static final int END = 0;

    Speeches {
        ids = List.copyOf(ids);
    }

    /** Reads one of the files of the story: {@code old-train}, {@code old-test}, {@code new-train}, {@code new-test}. */
    static Speeches read(String name, Tokenizer tokenizer) throws IOException {
        List<Integer> ids = new ArrayList<>();
        try (InputStream file = resource(name + ".tsv.gz");
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(new GZIPInputStream(file), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                ids.add(END);
                for (int id :
                        tokenizer.encode(line.substring(line.indexOf('\t') + 1)).ids()) {
                    ids.add(id);
                }
            }
        }
        return new Speeches(ids);
    }

    static InputStream resource(String name) {
        return Objects.requireNonNull(Speeches.class.getResourceAsStream(name), name);
    }

    /** Cuts the tokens into windows; what is left at the end is dropped. */
    int[][] windows(int length) {
        int[][] windows = new int[ids.size() / length][length];
        for (int i = 0; i < windows.length * length; i++) {
            windows[i / length][i % length] = ids.get(i);
        }
        return windows;
    }
}
