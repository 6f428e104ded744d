package org.lora4j.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.Labels;

/**
 * What an adapter is for: {@code task.json} beside it. PEFT's files have no place for the names of classes.
 *
 * @param kind the task
 * @param labels the names of the classes; none for embeddings, and one for the score of a pair
 * @param head what the classifier reads; null for embeddings
 * @param maxTokens where texts are cut; 0 for where the folder of the model says
 */
public record TaskFile(Kind kind, Labels labels, @Nullable Head head, int maxTokens) {
    /** The name of the file. */
    public static final String NAME = "task.json";

    private static final String TASK = "task";

    /** What an adapter does, as the command that trains it is called. */
    public enum Kind {
        /** It classifies texts. */
        CLASSIFY,
        /** It embeds texts. */
        RETRIEVE,
        /** It gives a query and a text a score. */
        RERANK;

        /**
         * Returns the name of the command.
         *
         * @return in lower case
         */
        public String command() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Returns the task of a classifier.
     *
     * @param labels the names of the classes
     * @param head what it reads
     * @param maxTokens where texts are cut
     * @return the task
     */
    public static TaskFile classify(Labels labels, Head head, int maxTokens) {
        return new TaskFile(Kind.CLASSIFY, labels, head, maxTokens);
    }

    /**
     * Returns the task of embeddings.
     *
     * @param maxTokens where texts are cut
     * @return the task
     */
    public static TaskFile retrieve(int maxTokens) {
        return new TaskFile(Kind.RETRIEVE, Labels.parse("{}"), null, maxTokens);
    }

    /**
     * Returns the task of a model that gives a pair a score.
     *
     * @param head what the score is computed from
     * @param maxTokens where pairs are cut
     * @return the task
     */
    public static TaskFile rerank(Head head, int maxTokens) {
        return new TaskFile(Kind.RERANK, Labels.of(List.of("LABEL_0")), head, maxTokens);
    }

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of a text; empty for where the folder of the model says
     */
    public OptionalInt limit() {
        return maxTokens == 0 ? OptionalInt.empty() : OptionalInt.of(maxTokens);
    }

    /**
     * Reads the file of an adapter.
     *
     * @param folder the folder of the adapter
     * @return the task; nothing if there is no such file
     * @throws IOException if the file is damaged
     */
    public static Optional<TaskFile> read(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        ObjectNode json = JsonFile.read(file);
        try {
            Kind kind = kind(json.path(TASK).asText());
            Head head = kind == Kind.RETRIEVE
                    ? null
                    : Head.valueOf(json.path("head").asText().toUpperCase(Locale.ROOT));
            return Optional.of(new TaskFile(
                    kind,
                    Labels.parse(json.toString()),
                    head,
                    json.path("max_tokens").asInt(0)));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    file + ": must be a file that 'lora classify', 'lora retrieve' or 'lora rerank' wrote, found: "
                            + e.getMessage(),
                    e);
        }
    }

    private static Kind kind(String name) {
        for (Kind kind : Kind.values()) {
            if (kind.command().equals(name)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("task must be 'classify', 'retrieve' or 'rerank', found '" + name + "'");
    }

    /**
     * Deletes the file of an older adapter, where a new one has no task.
     *
     * @param folder the folder of the adapter
     * @throws IOException if it cannot be deleted
     */
    public static void delete(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(NAME));
    }

    /**
     * Writes the file.
     *
     * @param folder the folder of the adapter
     * @throws IOException if it cannot be written
     */
    public void write(Path folder) throws IOException {
        ObjectNode json = StrictJson.MAPPER.createObjectNode();
        json.put(TASK, kind.command());
        if (head != null) {
            json.put("head", head.name().toLowerCase(Locale.ROOT));
        }
        json.put("max_tokens", maxTokens);
        if (labels.count() > 0) {
            ModelConfig.write(json, labels);
        }
        Files.writeString(folder.resolve(NAME), json.toPrettyString() + "\n", StandardCharsets.UTF_8);
    }
}
