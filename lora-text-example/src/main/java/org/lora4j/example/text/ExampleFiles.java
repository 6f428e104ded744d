package org.lora4j.example.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.example.text.shop.Messages;
import org.lora4j.example.text.tea.Wishes;
import org.lora4j.example.text.tickets.Tickets;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.data.LabelledText;

/**
 * The model and the texts that are part of this program, as files in a folder: {@code minilm} is the model,
 * {@code train.tsv.gz} and {@code test.tsv.gz} have passages with their eras, {@code train-pairs.tsv.gz} and
 * {@code test-pairs.tsv.gz} passages that follow each other, {@code train-order.tsv.gz} and {@code test-order.tsv.gz}
 * sentences of the passages as {@link WordOrder} makes them. The recipes of the documentation have made-up texts:
 * {@code messages.jsonl} messages to a shop with the teams that answer them, {@code books.jsonl} and
 * {@code bicycles.jsonl} messages to the same and to other teams of two shops, {@code tickets.jsonl} tickets with personal data, and
 * {@code wishes.jsonl} wishes for teas with their records; {@code messages-test.jsonl} and so on are for tests, and
 * {@code books-corpus.jsonl}, {@code books-queries.jsonl} and {@code books-qrels.tsv} are a search in the form of BEIR.
 *
 * @param folder the folder
 */
public record ExampleFiles(Path folder) {
    private static final int TRAINED = 400;
    private static final int TESTED = 200;
    private static final int QUERIES = 50;

    /**
     * Writes all files, but the model only if it is not there yet.
     *
     * @param folder the folder, created if it does not exist
     * @return the files
     * @throws IOException if a file cannot be written, or the folder has another model
     */
    public static ExampleFiles write(Path folder) throws IOException {
        ExampleFiles files = new ExampleFiles(folder);
        MiniLm.write(files.model());
        for (String name : new String[] {"train", "test", "train-pairs", "test-pairs"}) {
            MiniLm.copy("data/" + name + ".tsv.gz", files.texts(name));
        }
        WordOrder.write(files.texts("train"), files.texts("train-order"), 1);
        WordOrder.write(files.texts("test"), files.texts("test-order"), 2);
        files.writeRows("", false, 1);
        files.writeRows("-test", true, 2);
        return files;
    }

    private void writeRows(String end, boolean isTest, long seed) throws IOException {
        int count = isTest ? TESTED : TRAINED;
        for (String shop : List.of("books", "bicycles")) {
            List<LabelledText> messages = Messages.read().make(shop, isTest, count, seed);
            if (isTest) {
                writeSearch(shop, messages);
            } else {
                Rows.write(rows(shop), triples(messages));
            }
            if (shop.equals("books")) {
                Rows.write(rows("messages" + end), messages.stream().map(Rows::of));
            }
        }
        Tickets.Part part = isTest ? Tickets.Part.TEST : Tickets.Part.TRAIN;
        Rows.write(
                rows("tickets" + end),
                Tickets.read().make(part, count, seed).stream().map(Rows::of));
        Rows.write(
                rows("wishes" + end), Wishes.make(isTest, count, seed).stream().map(Conversation::toRow));
    }

    /** Joins each message with the one before to the same team, and with one to another team. */
    private static Stream<Map<String, Object>> triples(List<LabelledText> messages) {
        Map<String, LabelledText> last = new HashMap<>();
        List<Map<String, Object>> triples = new ArrayList<>();
        for (int i = 1; i < messages.size(); i++) {
            LabelledText message = messages.get(i);
            LabelledText before = messages.get(i - 1);
            LabelledText same = last.put(message.label(), message);
            if (same != null && !before.label().equals(message.label())) {
                Map<String, Object> triple = Rows.row("query", message.text(), "positive", same.text());
                triple.put("negative", before.text());
                triples.add(triple);
            }
        }
        return triples.stream();
    }

    /** A search among messages: those to the same team as a query are right. */
    private void writeSearch(String shop, List<LabelledText> messages) throws IOException {
        List<LabelledText> asked = messages.subList(0, QUERIES);
        List<LabelledText> found = messages.subList(QUERIES, messages.size());
        Rows.write(rows(shop + "-queries"), documents("q", asked));
        Rows.write(rows(shop + "-corpus"), documents("d", found));
        StringBuilder right = new StringBuilder("query-id\tcorpus-id\tscore\n");
        for (int q = 0; q < asked.size(); q++) {
            for (int d = 0; d < found.size(); d++) {
                if (asked.get(q).label().equals(found.get(d).label())) {
                    right.append("q").append(q).append("\td").append(d).append("\t1\n");
                }
            }
        }
        Files.writeString(folder.resolve(shop + "-qrels.tsv"), right);
    }

    private static Stream<Map<String, Object>> documents(String letter, List<LabelledText> messages) {
        return IntStream.range(0, messages.size())
                .mapToObj(
                        i -> Rows.row("_id", letter + i, "text", messages.get(i).text()));
    }

    /**
     * Returns the folder of the model.
     *
     * @return the path
     */
    public Path model() {
        return folder.resolve("minilm");
    }

    /**
     * Returns a file of texts.
     *
     * @param name {@code train}, {@code test}, {@code train-pairs}, {@code test-pairs}, {@code train-order} or {@code test-order}
     * @return the path
     */
    public Path texts(String name) {
        return folder.resolve(name + ".tsv.gz");
    }

    private Path rows(String name) {
        return folder.resolve(name + ".jsonl");
    }
}
