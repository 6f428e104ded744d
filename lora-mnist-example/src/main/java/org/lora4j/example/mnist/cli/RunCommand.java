package org.lora4j.example.mnist.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.experiment.AdamTraining;
import org.lora4j.example.mnist.experiment.Experiment;
import org.lora4j.example.mnist.experiment.ExperimentPlan;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.nn.Network;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code run}: the whole experiment, with networks, adapters and a report as files. */
@Command(
        name = "run",
        description =
                "Train the network on MNIST, fine-tune it with LoRA on one digit or on each of several digits, and"
                        + " compare.")
public final class RunCommand extends WorkCommand {
    @Mixin
    private final DataOptions data = new DataOptions();

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the files of the run. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("mnist-run");

    @Mixin
    private final BaseOptions base = new BaseOptions();

    @Mixin
    private final FineTuneOptions fineTune = new FineTuneOptions();

    @Option(
            names = "--digits",
            paramLabel = "0..9",
            split = ",",
            description = "Instead of --digit: train an adapter for each of these digits over one base, and compare"
                    + " them alone, together, combined and one per image. Example: --digits 4,9.")
    private List<Integer> digits = List.of();

    @Option(
            names = "--together",
            description = "With --digits: train all adapters at once, and show the time beside that of one after the"
                    + " other.")
    private boolean together;

    @Option(
            names = "--fine-tune-lr",
            paramLabel = "RATE",
            description = "Learning rate of Adam in the fine-tuning. Default: that of --lr.")
    private @Nullable Double fineTuneLearningRate;

    @Option(
            names = "--init",
            paramLabel = "INIT",
            description = "The initialization of A: gaussian for N(0, 1), as in the article, or kaiming, the default of"
                    + " PEFT. Default: ${DEFAULT-VALUE}.")
    private Initialization init = Initialization.GAUSSIAN;

    @Option(
            names = "--replay",
            paramLabel = "SHARE",
            description = "Share of other digits in each batch of the fine-tuning. Default: ${DEFAULT-VALUE}.")
    private double replay;

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    /** The values of {@code --init}. */
    private enum Initialization {
        GAUSSIAN,
        KAIMING;

        LoRAInit init() {
            return this == GAUSSIAN ? LoRAInit.gaussian(1) : LoRAInit.kaimingUniform();
        }

        /** Returns the name on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    RunCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        base.check(check);
        fineTune.check(check);
        check.require(digits.isEmpty() || fineTune.digit == null, "--digit and --digits exclude each other");
        digits.forEach(digit -> check.inRange("--digits", digit, 0, MnistData.CLASSES - 1));
        check.require(Set.copyOf(digits).size() == digits.size(), "--digits must be distinct, found " + digits);
        check.require(!together || digits.size() > 1, "--together needs several digits, found --digits " + digits);
        check.positive("--fine-tune-lr", fineTuneLearningRate());
        check.share("--replay", replay);
    }

    private List<Integer> digits() {
        return digits.isEmpty() ? List.of(fineTune.digit()) : digits;
    }

    private double fineTuneLearningRate() {
        return fineTuneLearningRate == null ? base.learningRate : fineTuneLearningRate;
    }

    @Override
    protected void work() throws IOException {
        Mnist mnist = data.load();
        Network network = base.network();
        Experiment experiment =
                new Experiment(plan(mnist), mnist, network, new TextReport(out()), display(progress, out(), "images"));
        long room = Float.BYTES * LoRAParametrization.parameterReport(network).original();
        RunFolder folder = prepare(output, "the base", room);
        experiment.run(folder, settings());
    }

    private ExperimentPlan plan(Mnist mnist) {
        return new ExperimentPlan(
                data.title(),
                base.training(mnist.train()),
                digits(),
                fineTune.config().toBuilder()
                        .init(init.init())
                        .seed(base.seeds().loraA())
                        .build(),
                new AdamTraining(fineTune.batches, base.batchSize, fineTuneLearningRate()),
                together,
                replay,
                base.seed);
    }

    private Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        settings.put("data", Objects.toString(data.folder, null));
        settings.put("output", output.toString());
        base.addTo(settings);
        if (digits.size() > 1) {
            settings.put("digits", digits);
        } else {
            settings.put("digit", digits().get(0));
        }
        settings.put("fineTuneBatches", fineTune.batches);
        settings.put("rank", fineTune.rank);
        settings.put("alpha", fineTune.alpha);
        settings.put("fineTuneLr", fineTuneLearningRate());
        settings.put("init", init.toString());
        settings.put("replay", replay);
        if (together) {
            settings.put("together", true);
        }
        return settings;
    }
}
