package org.lora4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an adapter is for: {@code task.json} beside it, which the command line writes. PEFT's files have no place for the names of classes.
 *
 * @param kind the task
 * @param labels the names of the classes; none for embeddings, and one for the score of a pair
 * @param head what the classifier reads; null for embeddings
 * @param maxTokens where texts are cut; 0 for where the folder of the model says
 * @param dimensions the length of the embeddings; 0 for the whole ones, and for classifiers
 * @param prompts the prompts of the embeddings that were given in place of those of the folder; none for classifiers
 */
public record AdapterTask(
        Kind kind, Labels labels, @Nullable ClassifierHead head, int maxTokens, int dimensions, Prompts prompts) {
    private static final Logger log = LoggerFactory.getLogger(AdapterTask.class);

    /** The name of the file. */
    public static final String NAME = "task.json";

    private static final String TASK = "task";
    private static final String MAX_TOKENS = "max_tokens";
    private static final String DIMENSIONS = "dimensions";

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
    public static AdapterTask classify(Labels labels, ClassifierHead head, int maxTokens) {
        return new AdapterTask(Kind.CLASSIFY, labels, head, maxTokens, 0, Prompts.none());
    }

    /**
     * Returns the task of embeddings.
     *
     * @param maxTokens where texts are cut
     * @param dimensions the length of the embeddings; empty for the whole ones
     * @param prompts the prompts that were given in place of those of the folder
     * @return the task
     */
    public static AdapterTask retrieve(int maxTokens, OptionalInt dimensions, Prompts prompts) {
        return new AdapterTask(Kind.RETRIEVE, Labels.parse("{}"), null, maxTokens, dimensions.orElse(0), prompts);
    }

    /**
     * Returns the task of a model that gives a pair a score.
     *
     * @param head what the score is computed from
     * @param maxTokens where pairs are cut
     * @return the task
     */
    public static AdapterTask rerank(ClassifierHead head, int maxTokens) {
        return new AdapterTask(Kind.RERANK, Labels.numbered(1), head, maxTokens, 0, Prompts.none());
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
     * Returns how long the embeddings are.
     *
     * @return the numbers of an embedding; empty for the whole one
     */
    public OptionalInt length() {
        return dimensions == 0 ? OptionalInt.empty() : OptionalInt.of(dimensions);
    }

    /**
     * Reads the file of an adapter.
     *
     * @param folder the folder of the adapter
     * @return the task; nothing if there is no such file
     * @throws IOException if the file is damaged
     */
    public static Optional<AdapterTask> read(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            ObjectNode json =
                    Json.object(NAME, Objects.requireNonNull(Json.textIfExists(ModelSource.of(folder), NAME)));
            Kind kind = kind(json.path(TASK).asText());
            ClassifierHead head =
                    kind == Kind.RETRIEVE ? null : head(json.path("head").asText());
            Labels labels = Labels.parse(json.toString());
            if (kind == Kind.CLASSIFY && labels.count() == 0) {
                throw new IllegalArgumentException("id2label must name at least one class, found none");
            }
            return Optional.of(new AdapterTask(
                    kind,
                    labels,
                    head,
                    count(json, MAX_TOKENS),
                    count(json, DIMENSIONS),
                    Prompts.parse(json.toString())));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    file + ": must be a file that 'lora classify', 'lora retrieve' or 'lora rerank' wrote, found: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Reads a number; 0 if there is none. Another value would be taken for none, and the texts would be cut elsewhere. */
    private static int count(ObjectNode json, String field) {
        JsonNode value = json.path(field);
        if (value.isMissingNode()) {
            return 0;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0) {
            throw new IllegalArgumentException(
                    field + " must be a whole number from 0 to 2^31 - 1, found " + Json.describe(value));
        }
        return value.asInt();
    }

    private static ClassifierHead head(String name) {
        for (ClassifierHead head : ClassifierHead.values()) {
            if (head.name().toLowerCase(Locale.ROOT).equals(name)) {
                return head;
            }
        }
        throw new IllegalArgumentException("head must be one of "
                + Arrays.toString(ClassifierHead.values()).toLowerCase(Locale.ROOT) + ", found '" + name + "'");
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
        json.put(MAX_TOKENS, maxTokens);
        if (dimensions > 0) {
            json.put(DIMENSIONS, dimensions);
        }
        prompts.write(json);
        if (labels.count() > 0) {
            labels.write(json);
        }
        Json.write(folder.resolve(NAME), json);
    }

    /**
     * Writes the prompts, and where texts are cut, into the files of a model that the adapter was merged into. What a model has no file
     * for is logged as a warning.
     *
     * @param folder the folder of the model
     * @param isDecoder whether it is a decoder, which has no file for where a classifier cuts texts
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a file of the model is not a JSON object
     */
    public void mergeInto(Path folder, boolean isDecoder) throws IOException {
        ModelSource files = ModelSource.of(folder);
        if (!prompts.texts().isEmpty()) {
            ObjectNode json = orEmpty(Json.readIfExists(files, EncoderTokens.SENTENCES));
            Prompts.parse(json.toString()).with(prompts).write(json);
            Json.write(folder.resolve(EncoderTokens.SENTENCES), json);
        }
        if (maxTokens > 0 && isDecoder && kind != Kind.RETRIEVE) {
            log.warn(
                    "{}: the adapter cuts texts after {} tokens, for which a decoder has no file; use --max-tokens",
                    folder,
                    maxTokens);
        } else if (maxTokens > 0) {
            ObjectNode json = orEmpty(Json.readIfExists(files, TextRules.SENTENCES));
            Json.write(folder.resolve(TextRules.SENTENCES), json.put(TextRules.MOST_TOKENS, maxTokens));
        }
        if (dimensions > 0) {
            log.warn(
                    "{}: the adapter gives embeddings of {} numbers, for which a model has no file; use --dimensions",
                    folder,
                    dimensions);
        }
    }

    private static ObjectNode orEmpty(@Nullable ObjectNode json) {
        return json == null ? StrictJson.MAPPER.createObjectNode() : json;
    }
}
