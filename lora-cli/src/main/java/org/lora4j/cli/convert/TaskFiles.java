package org.lora4j.cli.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import org.lora4j.console.report.ReportFiles;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.AdapterTask;
import org.lora4j.text.Prompts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@code task.json} of an adapter says of texts, in the files of the model that it was merged into. */
final class TaskFiles {
    private static final Logger log = LoggerFactory.getLogger(TaskFiles.class);
    private static final String PROMPTS = "config_sentence_transformers.json";
    private static final String CUT = "sentence_bert_config.json";

    private TaskFiles() {}

    /** Writes the prompts, and where texts are cut. */
    static void write(AdapterTask task, boolean isDecoder, Path folder) throws IOException {
        if (!task.prompts().texts().isEmpty()) {
            ObjectNode json = read(folder.resolve(PROMPTS));
            Prompts all = Prompts.parse(json.toString()).with(task.prompts());
            ObjectNode texts = json.putObject("prompts");
            new TreeMap<>(all.texts()).forEach(texts::put);
            if (all.defaultName() != null) {
                json.put("default_prompt_name", all.defaultName());
            }
            write(folder.resolve(PROMPTS), json);
        }
        boolean isEncoder = task.kind() == AdapterTask.Kind.RETRIEVE || !isDecoder;
        if (isEncoder && task.maxTokens() > 0) {
            ObjectNode json = read(folder.resolve(CUT));
            write(folder.resolve(CUT), json.put("max_seq_length", task.maxTokens()));
        } else if (task.maxTokens() > 0) {
            log.warn(
                    "{}: the adapter cuts texts after {} tokens, for which a decoder has no file; use --max-tokens",
                    folder,
                    task.maxTokens());
        }
        if (task.dimensions() > 0) {
            log.warn(
                    "{}: the adapter gives embeddings of {} numbers, for which a model has no file; use --dimensions",
                    folder,
                    task.dimensions());
        }
    }

    private static ObjectNode read(Path file) throws IOException {
        return Files.exists(file)
                ? (ObjectNode) StrictJson.MAPPER.readTree(file.toFile())
                : StrictJson.MAPPER.createObjectNode();
    }

    private static void write(Path file, ObjectNode json) throws IOException {
        ReportFiles.replace(file, (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
