package org.lora4j.cli.command;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.retrieval.RerankTask;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rerank}: trains a cross-encoder. */
@Command(
        name = "rerank",
        description =
                "Train an adapter that reads a query and a text together and gives them a score (a cross-encoder), on an"
                        + " encoder of the BERT family, or on a decoder that answers yes or no, such as Qwen3-Reranker. The rows have a query, a passage and a label (1 or 0), or a query,"
                        + " a positive and a negative text.")
public final class RerankCommand extends TrainCommand {
    @Mixin
    private final ColumnOptions columns = new ColumnOptions();

    @Option(
            names = "--passage",
            paramLabel = "COLUMN",
            description = "The column of a text with a label. Default: passage.")
    private @Nullable String passage;

    @Option(
            names = "--label",
            paramLabel = "COLUMN",
            description =
                    "The column that says whether the passage belongs to the query: 1 or true, 0 or false. Default:"
                            + " label.")
    private @Nullable String label;

    @Mixin
    private final HeadOption head = new HeadOption();

    @Mixin
    private final TextLimit limit = new TextLimit();

    RerankCommand() {
        super(16, DefaultRate.of(1e-3), DefaultEpochs.RERANK);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        limit.check(check);
        head.check(check);
    }

    @Override
    CommandTask<?, ?, ?> open(TrainingInput input) throws IOException {
        return RerankTask.open(
                input, new RerankTask.Settings(columns.columns(passage, label), head.value(), limit.value()));
    }
}
