package org.lora4j.cli.command;

import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.ClassifierHead;
import picocli.CommandLine.Option;

/** What a classifier reads. */
final class HeadOption {
    @Option(
            names = "--head",
            paramLabel = "NAME",
            description =
                    "What the classifier reads: mean (of the tokens) or pooler (the first token, as in Hugging Face's"
                            + " classes); of a decoder, last (the last token), or yes_no (how much likelier it answers yes than no,"
                            + " for 'lora rerank'). Default: pooler if the encoder has one and"
                            + " is not for sentence embeddings.")
    private @Nullable ClassifierHead head;

    void check(OptionCheck check) {
        check.require(
                head == null || !check.isGiven("--adapter"),
                "--head must be used without --adapter, which has its own head, found both");
    }

    @Nullable
    ClassifierHead value() {
        return head;
    }
}
