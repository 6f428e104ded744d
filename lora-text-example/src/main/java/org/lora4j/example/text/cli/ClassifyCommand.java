package org.lora4j.example.text.cli;

import java.io.IOException;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.ProgressOptions;
import org.lora4j.example.support.cli.WorkCommand;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.data.TextFolder;
import org.lora4j.example.text.experiment.Classification;
import org.lora4j.example.text.experiment.FineTuning;
import org.lora4j.example.text.model.MiniLm;
import org.lora4j.example.text.model.Tokens;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "classify", description = "x")
public final class ClassifyCommand extends WorkCommand {
    @Mixin
    private final ProgressOptions progress = new ProgressOptions();
    @Option(names = "--steps") int steps = 500;
    @Option(names = "--lr") double lr = 2e-3;
    @Option(names = "--dropout") double dropout = 0;
    @Option(names = "--seed") long seed = 0;
    @Option(names = "--max-tokens") int maxTokens = 96;

    ClassifyCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {}

    @Override
    protected void work() throws IOException {
        long t = System.nanoTime();
        try (Tokens tokens = Tokens.load(maxTokens)) {
            var c = new Classification(MiniLm.load(MiniLm.defaultFolder()).withDropout(dropout), tokens, ClassifiedTexts.read(TextFolder.bundled()), new TextOutput(out()));
            System.out.println("loaded " + (System.nanoTime() - t) / 1e9);
            c.run(seed, LoRAConfig.of(8, 16), new FineTuning(steps, 16, lr), progress.display(out(), "texts"));
        }
        System.out.println("all " + (System.nanoTime() - t) / 1e9);
    }
}
