package org.lora4j.text.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.lora4j.text.data.Labels;
import org.lora4j.text.internal.Json;
import org.lora4j.text.tokens.Prompts;

/** The file beside an adapter that says what it is for. PEFT's files have no place for the names of classes. */
final class TaskFile {
    static final String NAME = "task.json";

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

    static Optional<Task> read(ModelSource files) throws IOException {
        String text = Json.textIfExists(files, NAME);
        return text == null ? Optional.empty() : Optional.of(parse(files.describe(NAME), text));
    }

    static Task parse(String where, String text) throws IOException {
        try {
            return task(Json.object(NAME, text));
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

    static void delete(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(NAME));
    }

    static void write(Task task, Path folder) throws IOException {
        Json.write(folder.resolve(NAME), json(task));
    }

    static ObjectNode json(Task task) {
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
