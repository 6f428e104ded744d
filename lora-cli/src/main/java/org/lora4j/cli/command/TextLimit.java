package org.lora4j.cli.command;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** Where texts are cut for an encoder. */
final class TextLimit {
    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Texts, or a query and a text together, are cut at this many tokens. Default: as the model's"
                    + " folder says.")
    private @Nullable Integer maxTokens;

    void check(OptionCheck check) {
        if (maxTokens != null) {
            check.atLeast("--max-tokens", maxTokens, 3);
        }
    }

    OptionalInt value() {
        return maxTokens == null ? OptionalInt.empty() : OptionalInt.of(maxTokens);
    }
}
