package org.lora4j.example.mnist.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.experiment.AdamTraining;
import org.lora4j.example.mnist.experiment.Study;
import org.lora4j.example.mnist.experiment.Study.Method;
import org.lora4j.example.mnist.experiment.StudyTable;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.nn.Network;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code study}: several methods of fine-tuning on the same base, each with several seeds. */
@Command(
        name = "study",
        description = "Compare methods of fine-tuning over several seeds, on one base or on several. Prints Markdown"
                + " tables: one of each base, and with several bases one of all.")
public final class StudyCommand extends WorkCommand {
    @Option(names = "--seeds", paramLabel = "N", description = "Seeds of each method. Default: ${DEFAULT-VALUE}.")
    private int seeds = 5;

    @Option(
            names = "--first-seed",
            paramLabel = "N",
            description = "The first seed of each method. Default: ${DEFAULT-VALUE}.")
    private long firstSeed;

    @Option(
            names = "--bases",
            paramLabel = "N",
            description = "Bases to train, with the seeds from --seed on. Default: ${DEFAULT-VALUE}.")
    private int bases = 1;

    @Option(
            names = "--held-out",
            paramLabel = "N",
            description = "Test on the last N training images, which then train nothing. So a setting can be chosen"
                    + " without the test images.")
    private @Nullable Integer heldOut;

    @Mixin
    private final DataOptions data = new DataOptions();

    @Mixin
    private final BaseOptions base = new BaseOptions();

    @Mixin
    private final FineTuneOptions fineTune = new FineTuneOptions();

    @Option(
            names = "--replay",
            paramLabel = "SHARE",
            split = ",",
            description = "Shares of other digits to try. Default: 0.5.")
    private List<Double> replays = List.of(0.5);

    @Option(
            names = "--fine-tune-lr",
            paramLabel = "RATE",
            split = ",",
            description = "Learning rates to try with replay. Default: that of --lr.")
    private List<Double> replayRates = List.of();

    @Option(names = "--lora-only", description = "Leave out the trainings of all weights, which take longer.")
    private boolean loraOnly;

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    StudyCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--seeds", seeds, 1);
        check.atLeast("--bases", bases, 1);
        check.require(!base.isLoaded() || bases == 1, "--base is one base, found --bases " + bases);
        if (heldOut != null) {
            check.atLeast("--held-out", heldOut, 1);
            check.require(
                    !base.isLoaded(), "--held-out needs a base that is trained without these images, found --base");
        }
        base.check(check);
        fineTune.check(check);
        replays.forEach(share -> check.share("--replay", share));
        replayRates.forEach(rate -> check.positive("--fine-tune-lr", rate));
    }

    @Override
    protected void work() throws IOException {
        Mnist mnist = images();
        Study study = new Study(mnist, fineTune.digit(), fineTune.config(), fineTune.batches, base.batchSize);
        StudyTable all = study.table();
        for (int i = 0; i < bases; i++) {
            StudyTable one = study.run(base(mnist), methods(), firstSeed, seeds, new TextReport(err()));
            if (bases > 1) {
                out().println("Base of seed " + base.seed + ":\n");
                one.print(out());
                out().println();
                base.nextSeed();
            }
            all.addAll(one);
        }
        if (bases > 1) {
            out().println("All " + bases + " bases:\n");
        }
        all.print(out());
    }

    private Mnist images() throws IOException {
        Mnist mnist = data.load();
        if (heldOut == null) {
            return mnist;
        }
        int size = mnist.train().size();
        if (heldOut >= size) {
            throw new IOException(
                    "--held-out must be less than the %s training images, found %s".formatted(size, heldOut));
        }
        return mnist.holdOut(heldOut);
    }

    private Network base(Mnist mnist) throws IOException {
        Network network = base.network();
        AdamTraining training = base.training(mnist.train());
        if (training != null) {
            MnistBatches images = MnistBatches.shuffled(
                    mnist.train(), base.batchSize, base.seeds().baseOrder());
            display(progress, err(), "images")
                    .show("Base training", training.batches(), listener -> training.run(network, images, listener));
        }
        return network;
    }

    private List<Method> methods() {
        double rate = base.learningRate;
        List<Method> methods = new ArrayList<>();
        methods.add(new Method("LoRA, A from N(0, 1): the article", LoRAInit.gaussian(1), 0, rate));
        methods.add(new Method("LoRA, Kaiming", LoRAInit.kaimingUniform(), 0, rate));
        methods.add(new Method("all weights", null, 0, rate));
        for (double replay : replays) {
            for (double replayRate : replayRates.isEmpty() ? List.of(rate) : replayRates) {
                String with =
                        ", replay " + TextReport.plain(replay) + ", learning rate " + TextReport.plain(replayRate);
                methods.add(new Method("LoRA, Kaiming" + with, LoRAInit.kaimingUniform(), replay, replayRate));
                methods.add(new Method("all weights" + with, null, replay, replayRate));
            }
        }
        return loraOnly
                ? methods.stream().filter(method -> method.init() != null).toList()
                : methods;
    }
}
