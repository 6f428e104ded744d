package org.lora4j.example.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.tokens.TextRules;

/** Short runs of the file to read, on texts of two classes that are easy to tell apart, and the files of the example. */
@Tag("slow")
class TextLoRATest {
    private static final String[] CATS = {
        "The cat sleeps on the sofa.", "A kitten drinks milk.", "Cats chase mice at night.", "My cat purrs loudly."
    };
    private static final String[] SHIPS = {
        "The ship leaves the harbour.",
        "A captain sails the sea.",
        "The vessel carries cargo.",
        "Sailors repair the mast."
    };

    @TempDir
    private Path temp;

    @Test
    void learnsAndTheSeedDecides() throws IOException {
        StringBuilder texts = new StringBuilder("label\ttext\n");
        for (int i = 0; i < CATS.length; i++) {
            texts.append("cats\t")
                    .append(CATS[i])
                    .append("\nships\t")
                    .append(SHIPS[i])
                    .append('\n');
        }
        Path file = Files.writeString(temp.resolve("texts.tsv"), texts);
        List<String> printed = new ArrayList<>();
        try (EncoderFolder encoder = EncoderFolder.open(MiniLm.write(temp.resolve("minilm")), 96)) {
            AdapterView first = TextLoRA.run(encoder, file, file, 8, 0, printed::add);
            assertThat(printed).hasSize(2);
            assertThat(printed.get(0)).matches("frozen encoder: [0-9.]+ %");
            assertThat(printed.get(1)).isEqualTo("with LoRA: 100.0 %, merged: 100.0 %");
            AdapterView second = TextLoRA.run(encoder, file, file, 8, 0, printed::add);
            AdapterView third = TextLoRA.run(encoder, file, file, 8, 1, printed::add);
            var tokens = encoder.tokens(List.of(CATS));
            assertThat(second.predict(tokens)).isEqualTo(first.predict(tokens));
            assertThat(third.predict(tokens)).isNotEqualTo(first.predict(tokens));
            first.save(temp.resolve("saved"));
            AdapterView loaded =
                    LoRAModel.of(encoder.model().meanClassifier(2, 0)).load("again", temp.resolve("saved"));
            assertThat(loaded.predict(tokens)).isEqualTo(first.predict(tokens));
        }
    }

    @Test
    void theCommandWritesFilesThatTheCommandLineTakes() throws IOException {
        Path output = temp.resolve("files");
        assertThat(Cli.run("files", output).code()).isZero();
        assertThat(output.resolve("minilm"))
                .isDirectoryRecursivelyContaining("glob:**/tokenizer.json")
                .isDirectoryRecursivelyContaining("glob:**/1_Pooling/config.json");
        try (EncoderFolder encoder = EncoderFolder.open(output.resolve("minilm"))) {
            assertThat(encoder.rules()).isEqualTo(new TextRules(256, "sentence_bert_config.json", false));
            assertThat(encoder.model().pooling()).containsExactly(Pooling.Method.MEAN);
        }
        for (String name : new String[] {"train", "test"}) {
            assertThat(texts(output, name)).startsWith("label\ttext\n").contains("\n1790-1850\t", "\nsince 1946\t");
        }
        // What is written is in a passage, and what was changed has the words of one of its sentences in another order.
        String passages = texts(output, "test");
        Set<String> sorted = passages.lines()
                .flatMap(line -> Pattern.compile("(?<=[.?!]) +(?=[A-Z])").splitAsStream(line.replaceFirst(".*\t", "")))
                .map(TextLoRATest::sorted)
                .collect(Collectors.toSet());
        List<String> lines = texts(output, "test-order").lines().skip(1).toList();
        assertThat(lines).hasSizeBetween(800, 1200);
        int changed = 0;
        for (String line : lines) {
            String sentence = line.replaceFirst(".*\t", "");
            assertThat(sorted).contains(sorted(sentence));
            assertThat(passages.contains(sentence)).as(line).isEqualTo(line.startsWith("as written\t"));
            changed += line.startsWith("changed\t") ? 1 : 0;
        }
        assertThat((double) changed / lines.size()).isBetween(0.45, 0.55);
        requireRowsOfTheRecipes(output);
    }

    private static void requireRowsOfTheRecipes(Path files) throws IOException {
        assertThat(fields(files, "messages.jsonl")).hasSize(400).allMatch(Set.of("text", "label")::equals);
        assertThat(fields(files, "books.jsonl"))
                .hasSizeGreaterThan(200)
                .allMatch(Set.of("query", "positive", "negative")::equals);
        assertThat(fields(files, "tickets.jsonl")).hasSize(400).allMatch(Set.of("text", "spans")::equals);
        assertThat(fields(files, "wishes.jsonl")).hasSize(400).allMatch(Set.of("messages")::equals);
        assertThat(fields(files, "bicycles-queries.jsonl")).hasSize(50).allMatch(Set.of("_id", "text")::equals);
        assertThat(fields(files, "bicycles-corpus.jsonl")).hasSize(150);
        assertThat(Files.readAllLines(files.resolve("bicycles-qrels.tsv")))
                .startsWith("query-id\tcorpus-id\tscore")
                .anyMatch(line -> line.startsWith("q49\td"));
        // A test asks for nothing in the words of the training.
        Set<String> trained = Set.copyOf(Files.readAllLines(files.resolve("wishes.jsonl")));
        assertThat(Files.readAllLines(files.resolve("wishes-test.jsonl")))
                .hasSize(200)
                .noneMatch(trained::contains);
    }

    private static List<Set<String>> fields(Path files, String name) throws IOException {
        List<Set<String>> rows = new ArrayList<>();
        for (String line : Files.readAllLines(files.resolve(name))) {
            Set<String> fields = new TreeSet<>();
            new ObjectMapper().readTree(line).fieldNames().forEachRemaining(fields::add);
            rows.add(fields);
        }
        return rows;
    }

    private static String texts(Path folder, String name) throws IOException {
        try (GZIPInputStream texts = new GZIPInputStream(Files.newInputStream(folder.resolve(name + ".tsv.gz")))) {
            return new String(texts.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String sorted(String sentence) {
        return Pattern.compile(" ").splitAsStream(sentence).sorted().collect(Collectors.joining(" "));
    }
}
