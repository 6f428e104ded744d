package org.lora4j.cli.command;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import picocli.CommandLine.Mixin;

/** A command that trains an adapter for a decoder. */
abstract class LanguageCommand extends TrainCommand {
    @Mixin
    private final RecomputeOption recompute = new RecomputeOption();

    @Mixin
    private final ForgettingOption forgetting = new ForgettingOption();

    LanguageCommand() {
        super(4, DefaultRate.LANGUAGE, DefaultEpochs.LANGUAGE);
    }

    abstract LanguageTask.Settings settings(boolean recomputed, @Nullable DataFile forgetting);

    @Override
    final CommandTask<?, ?, ?> open(TrainingInput input) throws IOException {
        return LanguageTask.open(input, settings(recompute.value(), forgetting.file()));
    }
}
