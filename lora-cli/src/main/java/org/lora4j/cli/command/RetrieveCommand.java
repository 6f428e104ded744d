package org.lora4j.cli.command;

import java.io.IOException;
import org.lora4j.cli.report.RankPage;
import org.lora4j.cli.report.TaskPage;
import org.lora4j.cli.retrieval.RankResult;
import org.lora4j.cli.retrieval.RetrieveTask;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code retrieve}: trains embeddings. */
@Command(
        name = "retrieve",
        description =
                "Train an adapter for sentence embeddings, on an encoder of the BERT family, so that a query finds the"
                        + " texts that belong to it. The rows are pairs of a query and a text, or triples with a text that"
                        + " does not belong to the query. 'lora embed' then writes the vectors.")
public final class RetrieveCommand extends TrainCommand<RankResult> {
    @Mixin
    private final ColumnOptions columns = new ColumnOptions();

    @Mixin
    private final TextLimit limit = new TextLimit();

    @Mixin
    private final DimensionsOption dimensions = new DimensionsOption();

    @Option(
            names = "--scale",
            paramLabel = "S",
            description =
                    "The factor of the cosine in the loss. A greater one looks more at the hardest texts. Default:"
                            + " ${DEFAULT-VALUE}.")
    private double scale = 20;

    RetrieveCommand() {
        super(32, 5e-4, 0);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        limit.check(check);
        dimensions.check(check);
        check.positive("--scale", scale);
        check.atLeast("--batch", batch(), 2);
    }

    @Override
    TextTask<RankResult> open(TrainingInput input) throws IOException {
        return RetrieveTask.open(
                input,
                new RetrieveTask.Settings(columns.columns(null, null), limit.value(), dimensions.value(), scale));
    }

    @Override
    TaskPage page(TrainingReport<RankResult> report) {
        return RankPage.ofRetrieval(report);
    }
}
