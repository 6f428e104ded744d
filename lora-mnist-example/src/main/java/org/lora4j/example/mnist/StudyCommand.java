package org.lora4j.example.mnist;

import org.lora4j.nn.Network;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code study}: several ways to fine-tune the same base, each with several seeds. */
@Command(
        name = "study",
        description = "Compare ways to fine-tune one base over several seeds; prints a Markdown table.")
final class StudyCommand extends WorkCommand {
    @Option(names = "--seeds", paramLabel = "N", description = "Seeds for each way. Default: ${DEFAULT-VALUE}.")
    private int seeds = 5;

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

    @Override
    void checkOptions(OptionCheck check) {
        check.atLeast("--seeds", seeds, 1);
        base.check(check);
        fineTune.check(check);
        replays.forEach(share -> check.share("--replay", share));
        replayRates.forEach(rate -> check.positive("--fine-tune-lr", rate));
    }

    @Override
    void work() throws IOException {
        Mnist mnist = data.load();
        Study study = new Study(fineTune, base.batchSize(), mnist);
        Network network = base.network();
        if (!base.isStored()) {
            base.train(network, mnist.train(), progress, err());
        }
        study.run(network, methods(), seeds, new Story(err())).print(out());
    }

    private List<Method> methods() {
        double rate = base.learningRate();
        List<Method> methods = new ArrayList<>();
        methods.add(Method.lora("LoRA, A from N(0, 1): the article", InitChoice.GAUSSIAN, 0, rate));
        methods.add(Method.lora("LoRA, Kaiming", InitChoice.KAIMING, 0, rate));
        methods.add(Method.full("all weights", 0, rate));
        for (double replay : replays) {
            for (double replayRate : replayRates.isEmpty() ? List.of(rate) : replayRates) {
                String with = ", replay " + Story.plain(replay) + ", learning rate " + Story.plain(replayRate);
                methods.add(Method.lora("LoRA, Kaiming" + with, InitChoice.KAIMING, replay, replayRate));
                methods.add(Method.full("all weights" + with, replay, replayRate));
            }
        }
        return loraOnly
                ? methods.stream().filter(method -> method.init() != null).toList()
                : methods;
    }
}
