package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.report.TrainingFiles;
import org.lora4j.cli.retrieval.MiningSettings;
import org.lora4j.cli.retrieval.NegativeMining;
import org.lora4j.cli.retrieval.RetrieveTask;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code retrieve}: trains embeddings. */
@Command(
        name = "retrieve",
        description =
                "Train an adapter for sentence embeddings, on an encoder of the BERT family or a decoder with modules.json, so that a query finds the"
                        + " texts that belong to it. The rows are pairs of a query and a text, or triples with a text that"
                        + " does not belong to the query; with --corpus also judgements of BEIR. 'lora embed' then writes the vectors.")
public final class RetrieveCommand extends TrainCommand {
    @Mixin
    private final ColumnOptions columns = new ColumnOptions();

    @Mixin
    private final TextLimit limit = new TextLimit();

    @Mixin
    private final EmbeddingOptions embedding = new EmbeddingOptions();

    @Option(
            names = "--scale",
            paramLabel = "S",
            description =
                    "The factor of the cosine in the loss. A greater one looks more at the hardest texts. Default:"
                            + " ${DEFAULT-VALUE}.")
    private double scale = 20;

    @Mixin
    private final SearchOptions search = new SearchOptions();

    @Mixin
    private final MiningSettings mining = new MiningSettings();

    RetrieveCommand() {
        super(32, DefaultRate.of(5e-4), DefaultEpochs.THREE);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        limit.check(check);
        embedding.check(check);
        mining.check(check);
        search.check(check);
        check.require(
                !search.isUsed() || !(mining.mines() || check.isGiven("--test")),
                "--corpus must be used without --test and --mine-negatives, because it is the test, found both");
        check.positive("--scale", scale);
        check.atLeast("--batch", batch(), 2);
    }

    @Override
    CommandTask<?, ?, ?> open(TrainingInput input) throws IOException {
        return RetrieveTask.open(input, settings());
    }

    private RetrieveTask.Settings settings() {
        return new RetrieveTask.Settings(
                columns.columns(null, null), embedding.settings(limit.value()), scale, search.files());
    }

    @Override
    boolean hasOwnTest() {
        return search.isUsed();
    }

    @Override
    boolean worksOtherwise(TrainingInput input, Path to, boolean overwrites) throws IOException {
        if (!mining.mines()) {
            return false;
        }
        OutputPath.requireOther(to, List.of(input.data().file(), input.files().model()));
        if (!overwrites) {
            OutputPath.requireNewFile(to);
        }
        NegativeMining.Result result = NegativeMining.mine(input, settings(), mining, to);
        output().show(out(), result, text -> print(text, result));
        return true;
    }

    private static void print(TextOutput to, NegativeMining.Result result) {
        to.line("%s written to %s", ReportText.count(result.rows(), "row"), result.output());
        to.fact(
                "%s, %s; mean similarity %.4f of right texts, %.4f of negatives",
                ReportText.count(result.queries(), "query"),
                ReportText.count(result.texts(), "text"),
                result.positiveScore(),
                result.negativeScore());
        result.excluded()
                .forEach(
                        (option, number) -> to.fact("--%s left out %s", option, ReportText.count(number, "candidate")));
        if (result.incomplete() > 0) {
            to.fact(
                    "%s got fewer negatives than asked for; a greater --range-max or other limits give more",
                    ReportText.count(result.incomplete(), "query"));
        }
        TrainingFiles.skipped(to, result.skipped());
    }
}
