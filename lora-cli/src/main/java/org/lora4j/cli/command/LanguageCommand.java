package org.lora4j.cli.command;

import java.io.IOException;
import org.lora4j.cli.language.LanguageResult;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.report.LanguagePage;
import org.lora4j.cli.report.TaskPage;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.cli.train.TrainingReport;
import picocli.CommandLine.Mixin;

/** A command that trains an adapter for a decoder. */
abstract class LanguageCommand extends TrainCommand<LanguageResult> {
    @Mixin
    private final RecomputeOption recompute = new RecomputeOption();

    LanguageCommand() {
        super(4, 2e-4, 0);
    }

    abstract LanguageTask.Settings settings(boolean recomputed);

    @Override
    final TextTask<LanguageResult> open(TrainingInput input) throws IOException {
        return LanguageTask.open(input, settings(recompute.value()));
    }

    @Override
    final TaskPage page(TrainingReport<LanguageResult> report) {
        return new LanguagePage(report);
    }
}
