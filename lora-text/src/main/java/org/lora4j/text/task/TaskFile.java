package org.lora4j.text.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.lora4j.text.data.Labels;
import org.lora4j.text.internal.Json;
import org.lora4j.text.tokens.Prompts;

/**
 * The file {@code task.json} beside an adapter, which says what it is for. PEFT's files have no place for the names of classes. An adapter
 * that generates texts has none: PEFT's {@code task_type} says it.
 */
public final class TaskFile {
    /** The name of the file. */
    public static final String NAME = "task.json";

    /** As the command that trains such an adapter is called. */
    private static final String CLASSIFY = "classify";

    private static final String RETRIEVE = "retrieve";
    private static final String RERANK = "rerank";
    private static final String TAG = "tag";

    private static final String TASK = "task";
    private static final String HEAD = "head";
    private static final String MAX_TOKENS = "max_tokens";
    private static final String DIMENSIONS = "dimensions";
    private static final String SUB_WORDS = "sub_words";

    /** Whether an input is a pair of texts; an argument of the tokenizers of {@code transformers}. */
    private static final String TEXT_PAIR = "text_pair";

    private TaskFile() {}

    /**
     * Reads what an adapter says of its task.
     *
     * @param adapter the folder of the adapter
     * @return the task; nothing if there is no such file
     * @throws IOException if the file is damaged
     */
    public static Optional<Task> read(Path adapter) throws IOException {
        return read(ModelSource.of(adapter));
    }

    /**
     * Reads what an adapter says of its task, wherever its files are.
     *
     * @param files the files of the adapter
     * @return the task; nothing if there is no such file
     * @throws IOException if the file is damaged
     */
    public static Optional<Task> read(ModelSource files) throws IOException {
        Objects.requireNonNull(files, "files must not be null");
        String text = Json.textIfExists(files, NAME);
        return text == null ? Optional.empty() : Optional.of(parse(files.describe(NAME), text));
    }

    /**
     * Reads what an adapter says of its task, out of the content of the file.
     *
     * @param where the file, for messages
     * @param json its content
     * @return the task
     * @throws IOException if the content is damaged
     */
    public static Task parse(String where, String json) throws IOException {
        Objects.requireNonNull(where, "where must not be null");
        Objects.requireNonNull(json, "json must not be null");
        try {
            return task(Json.object(NAME, json));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    where
                            + ": must be a file that 'lora classify', 'lora tag', 'lora retrieve' or 'lora rerank' wrote, found: "
                            + e.getMessage(),
                    e);
        }
    }

    private static Task task(ObjectNode json) {
        String name = json.path(TASK).asText();
        OptionalInt maxTokens = count(json, MAX_TOKENS);
        OptionalInt dimensions = count(json, DIMENSIONS);
        return switch (name) {
            case RETRIEVE -> new Embed(maxTokens, dimensions, Prompts.parse(json.toString()));
            case CLASSIFY -> {
                Classify classify = new Classify(
                        Outputs.parse(json), Head.ofClassifier(json.path(HEAD).asText()), maxTokens);
                yield takesPairs(json) ? new ClassifyPairs(classify) : classify;
            }
            case RERANK -> new Rerank(Head.ofClassifier(json.path(HEAD).asText()), maxTokens);
            case TAG -> new Tag(Labels.parse(json.toString()), subWords(json), maxTokens);
            default ->
                throw new IllegalArgumentException(
                        "task must be 'classify', 'tag', 'retrieve' or 'rerank', found '" + name + "'");
        };
    }

    private static boolean takesPairs(ObjectNode json) {
        JsonNode value = json.path(TEXT_PAIR);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw new IllegalArgumentException(TEXT_PAIR + " must be true or false, found " + Json.describe(value));
        }
        return value.asBoolean();
    }

    private static Tag.SubWords subWords(ObjectNode json) {
        String name = json.path(SUB_WORDS).asText();
        for (Tag.SubWords value : Tag.SubWords.values()) {
            if (text(value).equals(name)) {
                return value;
            }
        }
        throw new IllegalArgumentException(SUB_WORDS + " must be 'first' or 'all', found '" + name + "'");
    }

    private static String text(Tag.SubWords value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Reads a number; nothing for 0. Another value would be taken for none, and the texts would be cut elsewhere. */
    private static OptionalInt count(ObjectNode json, String field) {
        JsonNode value = json.path(field);
        if (value.isMissingNode()) {
            return OptionalInt.empty();
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0) {
            throw new IllegalArgumentException(
                    field + " must be a whole number from 0 to 2^31 - 1, found " + Json.describe(value));
        }
        return value.asInt() == 0 ? OptionalInt.empty() : OptionalInt.of(value.asInt());
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
     * Writes the file of an adapter; that of an older one is deleted for {@link Generate}.
     *
     * @param task what the adapter is for
     * @param folder the folder of the adapter
     * @throws IOException if it cannot be written
     */
    public static void write(Task task, Path folder) throws IOException {
        Objects.requireNonNull(task, "task must not be null");
        if (task instanceof Generate) {
            delete(folder);
        } else {
            Json.write(folder.resolve(NAME), object(task));
        }
    }

    /**
     * Returns the content of the file of an adapter.
     *
     * @param task what the adapter is for
     * @return the content of {@code task.json}
     * @throws IllegalArgumentException for {@link Generate}, which has no file
     */
    public static String json(Task task) {
        return object(Objects.requireNonNull(task, "task must not be null")).toPrettyString();
    }

    private static ObjectNode object(Task task) {
        ObjectNode json = StrictJson.MAPPER.createObjectNode();
        if (task instanceof Embed embed) {
            json.put(TASK, RETRIEVE).put(MAX_TOKENS, embed.maxTokens().orElse(0));
            embed.dimensions().ifPresent(length -> json.put(DIMENSIONS, length));
            TaskJson.write(embed.prompts(), json);
        } else if (task instanceof Classify classify) {
            writeClassifier(json.put(TASK, CLASSIFY), classify, classify.outputs());
        } else if (task instanceof ClassifyPairs pairs) {
            json.put(TASK, CLASSIFY).put(TEXT_PAIR, true);
            writeClassifier(json, pairs, pairs.classifier().outputs());
        } else if (task instanceof Tag tag) {
            json.put(TASK, TAG)
                    .put(SUB_WORDS, text(tag.subWords()))
                    .put(MAX_TOKENS, tag.maxTokens().orElse(0));
            TaskJson.write(tag.labels(), json);
        } else if (task instanceof Rerank rerank) {
            writeClassifier(json.put(TASK, RERANK), rerank, Outputs.oneOf(Labels.numbered(1)));
        } else {
            throw new IllegalArgumentException(
                    "task: a model that " + task.does() + " has no file for it; PEFT's task_type says it");
        }
        return json;
    }

    private static void writeClassifier(ObjectNode json, Task task, Outputs outputs) {
        json.put(HEAD, task.head().text()).put(MAX_TOKENS, task.maxTokens().orElse(0));
        outputs.write(json);
    }
}
