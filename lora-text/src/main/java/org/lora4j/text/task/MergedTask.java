package org.lora4j.text.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.lora4j.text.internal.Json;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.TextRules;
import org.lora4j.text.tokens.TextTokens;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the files of a model say of a task after an adapter was merged into it. */
public final class MergedTask {
    private static final Logger log = LoggerFactory.getLogger(MergedTask.class);

    private static final String CONFIG = "config.json";

    private MergedTask() {}

    /**
     * Writes the labels, the prompts, and where texts are cut, into the files of the model. What a model has no file for is logged as a
     * warning.
     *
     * @param task the task of the adapter that was merged
     * @param folder the folder of the model
     * @param isDecoder whether it is a decoder, which has no file for where a classifier cuts texts
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a file of the model is not a JSON object
     */
    public static void write(Task task, Path folder, boolean isDecoder) throws IOException {
        Objects.requireNonNull(task, "task must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        ModelSource files = ModelSource.of(folder);
        if (task instanceof Embed embed) {
            writeEmbeddings(embed, files, folder);
        }
        if (task.classes().isPresent()) {
            ObjectNode config = Json.readIfExists(files, CONFIG);
            if (config != null) {
                task.classifierOutputs()
                        .ifPresentOrElse(
                                outputs -> outputs.write(config),
                                () -> TaskJson.write(task.classes().get(), config));
                Json.write(folder.resolve(CONFIG), config);
            }
        }
        if (task instanceof Tag tag && tag.subWords() != Tag.SubWords.FIRST) {
            log.warn("{}: the adapter tags a word by all of its tokens, for which a model has no file", folder);
        }
        if (task.maxTokens().isEmpty()) {
            return;
        }
        int maxTokens = task.maxTokens().getAsInt();
        if (isDecoder && !(task instanceof Embed)) {
            log.warn(
                    "{}: the adapter cuts texts after {} tokens, for which a decoder has no file; use --max-tokens",
                    folder,
                    maxTokens);
        } else {
            ObjectNode json = orEmpty(Json.readIfExists(files, TextRules.SENTENCES));
            Json.write(folder.resolve(TextRules.SENTENCES), json.put(TextRules.MOST_TOKENS, maxTokens));
        }
    }

    private static void writeEmbeddings(Embed embed, ModelSource files, Path folder) throws IOException {
        if (!embed.prompts().texts().isEmpty()) {
            ObjectNode json = orEmpty(Json.readIfExists(files, TextTokens.SENTENCES));
            TaskJson.write(Prompts.parse(json.toString()).with(embed.prompts()), json);
            Json.write(folder.resolve(TextTokens.SENTENCES), json);
        }
        if (embed.dimensions().isPresent()) {
            log.warn(
                    "{}: the adapter gives embeddings of {} numbers, for which a model has no file; use --dimensions",
                    folder,
                    embed.dimensions().getAsInt());
        }
    }

    private static ObjectNode orEmpty(@Nullable ObjectNode json) {
        return json == null ? StrictJson.MAPPER.createObjectNode() : json;
    }
}
