package org.lora4j.example.text.cli;

import java.io.IOException;
import java.util.List;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.text.data.TextFolder;
import org.lora4j.example.text.data.TextPairs;
import org.lora4j.example.text.experiment.EmbeddingRun;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;
import picocli.CommandLine.Command;

/** {@code embed}: sentence embeddings, tuned so that a text finds the one that belongs to it. */
@Command(
        name = "embed",
        description =
                "Tune sentence embeddings with pairs of texts, and test how well a text finds the one that belongs to"
                        + " it. By default: does a passage find the one that follows it?")
public final class EmbedCommand extends TextCommand {
    /** What others reach on the bundled texts with the settings of this command. */
    private static final List<String> REFERENCES = List.of(
            "PyTorch with PEFT and the same settings (one seed): recall@1 0.123 before and 0.141 after, recall@10 0.363 and"
                    + " 0.405, MRR 0.206 and 0.225.");

    EmbedCommand() {
        super("text-embed-run", new ModelOptions(64), new FineTuneOptions(List.of("query", "value"), 250, 1e-3));
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        check.atLeast("--batch-size", fineTune().training().batchSize(), 2);
    }

    @Override
    protected void work() throws IOException {
        TextFolder texts = text().open();
        TextPairs train = TextPairs.train(texts);
        TextPairs test = TextPairs.test(texts);
        RunFolder folder = prepareOutput();
        BertModel bert = fineTune().prepare(model().load());
        try (Tokenizer tokens = model().tokens()) {
            new EmbeddingRun(
                            texts.title(),
                            train,
                            test,
                            model().weights(),
                            fineTune().config(),
                            fineTune().training(),
                            fineTune().seed(),
                            text().folder() == null ? REFERENCES : List.of())
                    .run(bert, tokens, folder, settings(), new TextOutput(out()), progress("pairs"));
        }
    }
}
