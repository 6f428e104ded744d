package org.lora4j.example.text.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.text.data.TextFolder;
import picocli.CommandLine.Option;

/** The texts. */
final class TextOptions {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "A folder with other texts in the form of the bundled ones: train.tsv and test.tsv with a label,"
                            + " a tab and a text in each line, gzipped or not."
                            + " Default: the State of the Union addresses that are part of this program.")
    private @Nullable Path folder;

    @Nullable
    Path folder() {
        return folder;
    }

    void addTo(Map<String, @Nullable Object> settings) {
        settings.put("data", folder == null ? null : folder.toString());
    }

    TextFolder open() throws IOException {
        return folder == null ? TextFolder.bundled() : TextFolder.of(folder);
    }
}
