package org.lora4j.cli.command;

import java.io.IOException;
import org.lora4j.cli.tag.TagTask;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.task.Tag;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tag}: trains a classifier of words. */
@Command(
        name = "tag",
        description =
                "Train an adapter that finds parts of texts, such as names, on an encoder or a decoder: with .conll, or JSONL of"
                        + " 'tokens' and 'tags', or of 'text' and 'spans'.")
public final class TagCommand extends TrainCommand {
    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Mixin
    private final TaggedOptions tagged = new TaggedOptions();

    @Option(
            names = "--scheme",
            paramLabel = "NAME",
            description =
                    "What the tags of a new adapter are like: iob2, iobes, bilou, ioe2 or plain. Those of the file are"
                            + " found from the file. Default: ${DEFAULT-VALUE}.")
    private TagScheme scheme = TagScheme.IOB2;

    @Option(
            names = "--sub-words",
            paramLabel = "NAME",
            description = "Which token of a word says its tag: first, or all. Default: ${DEFAULT-VALUE}.")
    private Tag.SubWords subWords = Tag.SubWords.FIRST;

    @Option(
            names = "--start",
            paramLabel = "NAME",
            description =
                    "What the classifier of a new adapter begins with: probe (softmax regression on the frozen model), or random."
                            + " Default: ${DEFAULT-VALUE}.")
    private TagTask.Start start = TagTask.Start.PROBE;

    @Mixin
    private final TextLimit limit = new TextLimit();

    TagCommand() {
        super(16, DefaultRate.of(5e-4), DefaultEpochs.CLASSIFY);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        limit.check(check);
        check.require(
                scheme != TagScheme.IOB1,
                "--scheme must be iob2, iobes, bilou, ioe2 or plain, because the tags of a model do not tell iob1 from iob2,"
                        + " found iob1");
        for (String option : new String[] {"--start", "--scheme", "--sub-words"}) {
            check.require(
                    !check.isGiven(option) || !check.isGiven("--adapter"),
                    option + " must be used without --adapter, which has its own classifier, found both");
        }
    }

    @Override
    CommandTask<?, ?, ?> open(TrainingInput input) throws IOException {
        return TagTask.open(input, new TagTask.Settings(tagged.columns(text), scheme, subWords, limit.value(), start));
    }
}
