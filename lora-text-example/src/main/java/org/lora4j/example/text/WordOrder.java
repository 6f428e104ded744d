package org.lora4j.example.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.lora4j.text.data.TextFiles;

/**
 * A sentence of each passage, about half of them with some words in another order. Which words a sentence has says nothing about its class, so
 * that counts of words are of no use. The embedding of a sentence hardly depends on their order either.
 */
final class WordOrder {
    private static final Pattern BETWEEN_SENTENCES = Pattern.compile("(?<=[.?!]) +(?=[A-Z])");
    /** A run of words that may change places: capitals and punctuation stay, as they would show it. */
    private static final Pattern PLAIN = Pattern.compile("[a-z]+");

    private static final int FEWEST_WORDS = 10;
    private static final int MOST_WORDS = 40;
    /** How many words in a row change their order. */
    private static final int RUN = 4;

    private WordOrder() {}

    /**
     * Writes a sentence of each passage that has a suitable one, as a file with the columns {@code label} and {@code text}.
     *
     * @param passages a file with a column {@code text}
     * @param file where to write, compressed by gzip
     * @param seed decides which sentences have which order
     * @throws IOException if the file cannot be written
     */
    static void write(Path passages, Path file, long seed) throws IOException {
        Random random = new Random(seed);
        StringBuilder lines = new StringBuilder("label\ttext\n");
        TextFiles.read(passages).stream()
                .flatMap(row -> sentence(row.text("text")).stream())
                .forEach(words -> {
                    boolean changes = random.nextBoolean();
                    if (changes) {
                        int[] runs = runs(words);
                        int from = runs[random.nextInt(runs.length)];
                        reorder(words.subList(from, from + RUN), random);
                    }
                    lines.append(changes ? "changed\t" : "as written\t")
                            .append(String.join(" ", words))
                            .append('\n');
                });
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Returns the words of the first sentence that can be changed. A quotation mark has a meaning in a file of columns. */
    private static Optional<List<String>> sentence(String passage) {
        return BETWEEN_SENTENCES
                .splitAsStream(passage)
                .filter(sentence -> !sentence.contains("\""))
                .map(sentence -> Arrays.asList(sentence.split(" ", -1)))
                .filter(words -> runs(words).length > 0)
                .findFirst();
    }

    /** Returns where runs of different plain words begin, in sentences of a common length. */
    private static int[] runs(List<String> words) {
        if (words.size() < FEWEST_WORDS || words.size() > MOST_WORDS) {
            return new int[0];
        }
        return IntStream.rangeClosed(1, words.size() - RUN)
                .filter(from -> words.subList(from, from + RUN).stream()
                        .allMatch(word -> PLAIN.matcher(word).matches()))
                .filter(from ->
                        words.subList(from, from + RUN).stream().distinct().count() == RUN)
                .toArray();
    }

    /** Shuffles different words until none has its old place. */
    private static void reorder(List<String> words, Random random) {
        List<String> old = new ArrayList<>(words);
        do {
            Collections.shuffle(words, random);
        } while (IntStream.range(0, words.size()).anyMatch(i -> words.get(i).equals(old.get(i))));
    }
}
