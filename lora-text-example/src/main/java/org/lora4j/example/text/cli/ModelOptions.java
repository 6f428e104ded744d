package org.lora4j.example.text.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.text.model.MiniLm;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;
import picocli.CommandLine.Option;

/** The model and its tokens. */
final class ModelOptions {
    /** The special tokens at both ends, and one of the text. */
    private static final int FEWEST = 3;

    /** The model has this many positions. */
    private static final int MOST = 512;

    @Option(
            names = "--model-folder",
            paramLabel = "DIR",
            description = "The folder in which the converted model is kept. Default: one among the user's caches.")
    private @Nullable Path folder;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Texts are cut at this many tokens. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    ModelOptions(int maxTokens) {
        this.maxTokens = maxTokens;
    }

    void check(OptionCheck check) {
        check.inRange("--max-tokens", maxTokens, FEWEST, MOST);
    }

    private Path folder() {
        return folder == null ? MiniLm.defaultFolder() : folder;
    }

    BertModel load() throws IOException {
        return MiniLm.load(folder());
    }

    /** Returns the file of the weights of a model that was loaded. */
    Path weights() {
        return MiniLm.weights(folder());
    }

    Tokenizer tokens() throws IOException {
        return MiniLm.tokenizer(maxTokens);
    }

    void addTo(Map<String, @Nullable Object> settings) {
        settings.put("model", "all-MiniLM-L6-v2");
        settings.put("maxTokens", maxTokens);
    }
}
