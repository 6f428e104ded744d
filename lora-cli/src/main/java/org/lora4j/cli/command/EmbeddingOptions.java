package org.lora4j.cli.command;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.Prompts;
import picocli.CommandLine.Option;

/** How texts are embedded. */
final class EmbeddingOptions {
    @Option(
            names = "--dimensions",
            paramLabel = "N",
            description = "Use the first N numbers of an embedding, for models that were trained for it (Matryoshka)."
                    + " Default: as the adapter was trained, or all.")
    private @Nullable Integer dimensions;

    @Option(
            names = "--query-prompt",
            paramLabel = "TEXT",
            description =
                    "Put these words before each query, such as 'query: ' for E5. Default: as the adapter was trained,"
                            + " or as the model's folder says.")
    private @Nullable String query;

    @Option(
            names = "--document-prompt",
            paramLabel = "TEXT",
            description =
                    "Put these words before each other text, such as 'passage: ' for E5. Default: as the adapter was"
                            + " trained, or as the model's folder says.")
    private @Nullable String document;

    void check(OptionCheck check) {
        if (dimensions != null) {
            check.atLeast("--dimensions", dimensions, 1);
        }
    }

    boolean isUsed() {
        return dimensions != null || query != null || document != null;
    }

    /**
     * Returns what the options say.
     *
     * @param maxTokens where texts are cut; empty for where the adapter or the folder says
     */
    TaskSettings settings(OptionalInt maxTokens) {
        Map<String, String> prompts = new LinkedHashMap<>();
        if (query != null) {
            prompts.put("query", query);
        }
        if (document != null) {
            prompts.put("document", document);
        }
        return new TaskSettings(
                maxTokens,
                dimensions == null ? OptionalInt.empty() : OptionalInt.of(dimensions),
                new Prompts(prompts, null));
    }
}
