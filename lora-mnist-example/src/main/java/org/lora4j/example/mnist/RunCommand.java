package org.lora4j.example.mnist;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.LoRAParametrization;
import org.lora4j.example.mnist.report.Curves;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.ReportWriter;
import org.lora4j.example.mnist.report.TestResult;
import org.lora4j.example.mnist.report.Training;
import org.lora4j.nn.Network;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code run}: the article's story from end to end. */
@Command(
        name = "run",
        description =
                "Train the network on MNIST, fine-tune it on one digit, or on each of several, through LoRA alone,"
                        + " and compare.")
final class RunCommand extends WorkCommand {
    @Mixin
    private final DataOptions data = new DataOptions();

    @Option(names = "--output", paramLabel = "DIR", description = "Where files go. Default: ${DEFAULT-VALUE}.")
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
            names = "--fine-tune-lr",
            paramLabel = "RATE",
            description = "Adam's learning rate in the fine-tuning. Default: that of --lr.")
    private @Nullable Double fineTuneLearningRate;

    @Option(
            names = "--init",
            paramLabel = "INIT",
            description = "How A begins: gaussian for N(0, 1), the article's, or kaiming for PEFT's default."
                    + " Default: ${DEFAULT-VALUE}.")
    private InitChoice init = InitChoice.GAUSSIAN;

    @Option(
            names = "--replay",
            paramLabel = "SHARE",
            description = "Share of other digits in each batch of the fine-tuning. Default: ${DEFAULT-VALUE}.")
    private double replay;

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    @Override
    void checkOptions(OptionCheck check) {
        base.check(check);
        fineTune.check(check);
        check.require(digits.isEmpty() || !fineTune.isDigitGiven(), "--digit and --digits exclude each other");
        digits.forEach(digit -> check.inRange("--digits", digit, 0, MnistData.CLASSES - 1));
        check.require(Set.copyOf(digits).size() == digits.size(), "--digits must be distinct, found " + digits);
        check.positive("--fine-tune-lr", fineTuneLearningRate());
        check.share("--replay", replay);
    }

    private List<Integer> digits() {
        return digits.isEmpty() ? List.of(fineTune.digit()) : digits;
    }

    private double fineTuneLearningRate() {
        return fineTuneLearningRate == null ? base.learningRate() : fineTuneLearningRate;
    }

    @Override
    void work() throws IOException {
        Mnist mnist = data.load();
        Seeds seeds = base.seeds();
        Map<Integer, MnistIterator> batches = batches(mnist.train());
        Network network = base.network();
        OutputFolder folder = OutputFolder.prepare(output);
        Story story = new Story(out());

        introduce(story, network, mnist);
        Learned baseTraining = trainBase(story, network, mnist.train());
        folder.saveBase(network);
        Network before = network.copy();
        LoRAModel model = LoRAModel.of(network);
        Experiment experiment = new Experiment(story, model, mnist.test(), digits());
        Answers baseAnswers = experiment.testBase();
        experiment.addAdapters(fineTune.config(init.init(), seeds.loraA()), init);
        List<Learned> fineTunings = new ArrayList<>();
        for (Map.Entry<Integer, MnistIterator> training : batches.entrySet()) {
            int digit = training.getKey();
            fineTunings.add(fineTune(story, experiment.view(digit), digit, training.getValue()));
            folder.saveAdapter(isOne() ? "adapter" : "adapter" + digit, model, Experiment.adapter(digit));
        }
        experiment.activateAll();
        Proofs proofs = experiment.prove(before);
        Comparison comparison = experiment.compare(baseAnswers);
        Map<String, TestResult> more =
                isOne() ? Map.of() : new Ensemble(model, mnist.test(), digits()).compare(story, baseAnswers);

        Report report = new Report(
                settings(),
                base.seed(),
                experiment.parameters(),
                new Training(
                        baseTraining == null ? null : Learned.phase(List.of(baseTraining)), Learned.phase(fineTunings)),
                comparison.base().result(),
                comparison.enabled().result(),
                comparison.disabled().result(),
                comparison.merged().result(),
                proofs.frozenUnchanged(),
                proofs.effectiveWeightExact(),
                proofs.disabledEqualsOriginal(),
                folder.files(),
                more);
        write(story, report, curves(baseTraining, fineTunings), comparison);
        if (!proofs.hold()) {
            throw new IllegalStateException("a proof does not hold; the report says which");
        }
    }

    private boolean isOne() {
        return digits().size() == 1;
    }

    /** For each digit the batches that it would get alone. */
    private Map<Integer, MnistIterator> batches(MnistData train) {
        Map<Integer, MnistIterator> batches = new LinkedHashMap<>();
        for (int digit : digits()) {
            batches.put(
                    digit,
                    fineTune.data(
                            train, digit, base.batchSize(), replay, base.seeds().fineTuneOrder()));
        }
        return batches;
    }

    private void write(Story story, Report report, Curves curves, Comparison comparison) throws IOException {
        Report written = ReportWriter.write(
                output,
                report,
                curves,
                comparison.base().fixedBy(comparison.enabled()),
                comparison.base().brokenBy(comparison.enabled()));
        story.section("Files");
        written.files().forEach((purpose, file) -> story.fact("%-14s %s", purpose, output.resolve(file)));
        story.line("");
        story.line("Open the page in a browser: it shows all this with pictures.");
    }

    private static Curves curves(@Nullable Learned baseTraining, List<Learned> fineTunings) {
        List<Learned> baseTrainings = baseTraining == null ? List.of() : List.of(baseTraining);
        return new Curves(LossRecorder.losses(baseTrainings), LossRecorder.losses(fineTunings));
    }

    private void introduce(Story story, Network network, Mnist mnist) {
        story.line(
                "LoRA on %s: a network learns ten digits, then %s",
                data.title(),
                isOne()
                        ? "a small adapter beside it learns the " + digits().get(0)
                        : "a small adapter beside it for each of " + digits());
        story.line(
                "%,d training and %,d test images",
                mnist.train().size(), mnist.test().size());
        story.section("The network");
        story.network(LoRAParametrization.parameterReport(network));
    }

    private @Nullable Learned trainBase(Story story, Network network, MnistData train) {
        if (base.isStored()) {
            story.section("Base training: none, the base is a stored one");
            return null;
        }
        story.section(
                "Base training: all digits, %,d batches of %d, Adam with learning rate %s",
                base.batches(train), base.batchSize(), Story.plain(base.learningRate()));
        Learned learned = base.train(network, train, progress, out());
        story.learned(learned);
        return learned;
    }

    private Learned fineTune(Story story, AdapterView view, int digit, MnistIterator batches) {
        int count = fineTune.batches();
        story.section(
                "Fine-tuning: digit %d%s, %,d batches of %d, Adam with learning rate %s",
                digit,
                replay > 0 ? " with " + Math.round(100 * replay) + " % of others" : " alone",
                count,
                base.batchSize(),
                Story.plain(fineTuneLearningRate()));
        try (Progress shown = progress.start("Fine-tuning", count, out())) {
            Learned learned = Learned.byAdam(view, batches, count, fineTuneLearningRate(), shown);
            story.learned(learned);
            return learned;
        }
    }

    private Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        settings.put("data", data.folder());
        settings.put("output", output);
        base.addTo(settings);
        if (isOne()) {
            settings.put("digit", digits().get(0));
        } else {
            settings.put("digits", digits());
        }
        fineTune.addTo(settings);
        settings.put("fineTuneLr", fineTuneLearningRate());
        settings.put("init", init);
        settings.put("replay", replay);
        return settings;
    }
}
