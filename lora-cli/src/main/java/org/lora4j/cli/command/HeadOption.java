package org.lora4j.cli.command;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.task.Head;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What a classifier reads. */
final class HeadOption {
    @Option(
            names = "--head",
            paramLabel = "NAME",
            converter = HeadName.class,
            description =
                    "What the classifier reads: mean (of the tokens) or pooler (the first token, as in Hugging Face's"
                            + " classes); of a decoder, last (the last token), or yes_no (how much likelier it answers yes than no,"
                            + " for 'lora rerank'). Default: pooler if the encoder has one and"
                            + " is not for sentence embeddings.")
    private @Nullable Head head;

    /** The heads of classifiers and rerankers by their names. */
    static final class HeadName implements CommandLine.ITypeConverter<Head> {
        @Override
        public Head convert(String name) {
            try {
                return Head.ofClassifier(name.toLowerCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(
                        "expected one of [MEAN, POOLER, LAST, YES_NO] (case-insensitive) but was '" + name + "'");
            }
        }
    }

    void check(OptionCheck check) {
        check.require(
                head == null || !check.isGiven("--adapter"),
                "--head must be used without --adapter, which has its own head, found both");
    }

    @Nullable
    Head value() {
        return head;
    }
}
