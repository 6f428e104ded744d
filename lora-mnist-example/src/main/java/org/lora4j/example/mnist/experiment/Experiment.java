package org.lora4j.example.mnist.experiment;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.report.ChartData;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.ReportWriter;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.example.mnist.report.Training;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;

/**
 * The article's experiment: a network is trained on all digits, its weights are frozen, and an adapter is trained on each
 * digit of the plan. Then the article's assertions are checked, and the network is tested with LoRA on, off and merged.
 * Each step is printed, and a report is written.
 */
public final class Experiment {
    private static final String BASE = "base.safetensors";

    private final ExperimentPlan plan;
    private final Mnist mnist;
    private final Network network;
    private final Map<Integer, MnistBatches> batches = new LinkedHashMap<>();

    /**
     * Creates an experiment.
     *
     * @param plan what to do
     * @param mnist the images
     * @param network the base, trained or to be trained
     * @throws IllegalArgumentException if no training image shows one of the digits
     */
    public Experiment(ExperimentPlan plan, Mnist mnist, Network network) {
        this.plan = plan;
        this.mnist = mnist;
        this.network = network;
        for (int digit : plan.digits()) {
            // Each adapter gets the batches that it would get in a run of its own.
            batches.put(digit, plan.batches(mnist, digit));
        }
    }

    /** Returns the name of the adapter that is trained on the digit. */
    static String adapter(int digit) {
        return "digit-" + digit;
    }

    private String[] adapters() {
        return plan.digits().stream().map(Experiment::adapter).toArray(String[]::new);
    }

    private boolean hasOneDigit() {
        return plan.digits().size() == 1;
    }

    /**
     * Runs the experiment.
     *
     * @param folder where networks, adapters and the report are written
     * @param seed the seed of the run, for the report
     * @param settings the options of the run, for the report
     * @param text where the steps are printed
     * @param progress shows the trainings
     * @throws IllegalStateException if one of the checks does not hold; the report is written before
     */
    public void run(
            RunFolder folder,
            long seed,
            Map<String, @Nullable Object> settings,
            TextReport text,
            ProgressDisplay progress)
            throws IOException {
        introduce(text);
        List<AdamTraining.Outcome> baseTraining = trainBase(text, progress);
        saveBase(folder);
        Network before = network.copy();
        LoRAModel model = LoRAModel.of(network);
        Predictions base = testBase(text, model);
        addAdapters(text, model);
        FineTuning fineTuning = plan.together()
                ? new FineTuningTogether(plan, mnist).train(text, model, progress)
                : fineTuneInTurn(text, model, progress);
        for (int digit : plan.digits()) {
            folder.saveAdapter(
                    hasOneDigit() ? "adapter" : "adapter" + digit, adapter(digit), model.using(adapter(digit)));
        }
        model.activate(adapters());
        Checks checks = check(text, model, before);
        Predictions on = Predictions.of(model, mnist.test());
        Tests tests = test(text, model, base.result(), on.result());
        Map<String, TestResult> more =
                hasOneDigit() ? Map.of() : new Ensemble(model, mnist.test(), plan.digits()).compare(text, base);

        Report report = new Report(
                settings,
                seed,
                model.parameterReport(adapters()[0]),
                new Training(
                        baseTraining.isEmpty() ? null : AdamTraining.Outcome.phase(baseTraining), fineTuning.phase()),
                tests.base(),
                tests.on(),
                tests.off(),
                tests.merged(),
                checks.frozenUnchanged(),
                checks.effectiveWeightExact(),
                checks.disabledEqualsOriginal(),
                folder.files(),
                more);
        ChartData charts =
                new ChartData(losses(baseTraining), losses(fineTuning.outcomes()), base.fixedBy(on), base.brokenBy(on));
        write(text, folder, report, charts);
        if (!checks.hold()) {
            throw new IllegalStateException("a check does not hold; the report says which");
        }
    }

    private void introduce(TextReport text) {
        text.line(
                "LoRA on %s: train a network on all digits, then fine-tune it on %s with LoRA",
                plan.data(), hasOneDigit() ? "digit " + plan.digits().get(0) : "each of the digits " + plan.digits());
        text.line(
                "%,d training images, %,d test images",
                mnist.train().size(), mnist.test().size());
        text.section("The network");
        text.network(LoRAParametrization.parameterReport(network));
    }

    /** Returns the training, or nothing if the base is a loaded one. */
    private List<AdamTraining.Outcome> trainBase(TextReport text, ProgressDisplay progress) {
        AdamTraining training = plan.baseTraining();
        if (training == null) {
            text.section("Base training: none, the base is loaded from a file");
            return List.of();
        }
        text.section("Base training: all digits, %s", training);
        MnistBatches images = MnistBatches.shuffled(
                mnist.train(), training.batchSize(), plan.seeds().baseOrder());
        AdamTraining.Outcome outcome = progress.show(
                "Base training", training.batches(), listener -> training.run(network, images, listener));
        text.training(outcome.result());
        return List.of(outcome);
    }

    private Predictions testBase(TextReport text, LoRAModel model) {
        text.section("Test of the base");
        Predictions predictions = Predictions.of(model.base(), mnist.test());
        text.test(predictions.result());
        return predictions;
    }

    private void addAdapters(TextReport text, LoRAModel model) {
        text.section("LoRA on every layer: W + (alpha/r) B A");
        LoRAConfig config = plan.config();
        plan.digits().forEach(digit -> model.add(adapter(digit), config));
        text.fact(
                "rank r = %d, alpha = %s; A is drawn from %s; B = 0, so the output does not change yet",
                config.rank(), TextReport.plain(config.alpha()), distribution(config.init()));
        if (!hasOneDigit()) {
            text.fact("one adapter for each digit, all of the same size: %s", model.names());
        }
        text.line("");
        text.adapted(model.parameterReport(adapters()[0]));
        text.line("");
        text.fact("frozen:    %s", names(network.parameters(), false));
        text.fact("trainable: %s", names(model.parameters(adapters()[0]), true));
    }

    private static String distribution(LoRAInit init) {
        return init.equals(LoRAInit.gaussian(1)) ? "N(0, 1)" : "U(-1/sqrt(in), 1/sqrt(in))";
    }

    private static String names(List<Parameter> parameters, boolean trainable) {
        return parameters.stream()
                .filter(parameter -> parameter.isTrainable() == trainable)
                .map(Parameter::name)
                .collect(Collectors.joining(", "));
    }

    /** The trainings of the adapters, and their sum. */
    record FineTuning(List<AdamTraining.Outcome> outcomes, Training.Phase phase) {}

    private FineTuning fineTuneInTurn(TextReport text, LoRAModel model, ProgressDisplay progress) {
        List<AdamTraining.Outcome> outcomes = new ArrayList<>();
        for (int digit : plan.digits()) {
            outcomes.add(fineTune(text, model, digit, progress));
        }
        return new FineTuning(outcomes, AdamTraining.Outcome.phase(outcomes));
    }

    private AdamTraining.Outcome fineTune(TextReport text, LoRAModel model, int digit, ProgressDisplay progress) {
        AdamTraining training = plan.fineTuning();
        text.section("Fine-tuning: digit %d%s, %s", digit, others(plan), training);
        AdapterView view = model.using(adapter(digit));
        MnistBatches images = requireNonNull(batches.get(digit));
        AdamTraining.Outcome outcome =
                progress.show("Fine-tuning", training.batches(), listener -> training.run(view, images, listener));
        text.training(outcome.result());
        return outcome;
    }

    /** Describes the other digits in the batches of a digit. */
    static String others(ExperimentPlan plan) {
        return plan.replayShare() > 0 ? " with " + Math.round(100 * plan.replayShare()) + " % of others" : " alone";
    }

    private static Checks check(TextReport text, LoRAModel model, Network before) {
        text.section("Checks, bit for bit");
        Checks checks = Checks.of(model, before);
        text.check("Frozen parameters are unchanged", checks.frozenUnchanged());
        text.check("LoRA on: the weight is exactly W + (B A) scale", checks.effectiveWeightExact());
        text.check("LoRA off: the weight is exactly W", checks.disabledEqualsOriginal());
        return checks;
    }

    /** The tests of the base, and with LoRA on, off and merged. */
    private record Tests(TestResult base, TestResult on, TestResult off, TestResult merged) {}

    private Tests test(TextReport text, LoRAModel model, TestResult base, TestResult on) {
        text.section("The same test with LoRA");
        Tests tests = new Tests(
                base,
                on,
                switchedOff(model).result(),
                Predictions.of(model.mergeActive(), mnist.test()).result());
        Map<String, TestResult> byName = new LinkedHashMap<>();
        byName.put("base", tests.base());
        byName.put("LoRA on", tests.on());
        byName.put("LoRA off", tests.off());
        byName.put("LoRA merged", tests.merged());
        text.comparison(byName);
        text.line("");
        text.difference(plan.digits(), base, on);
        return tests;
    }

    private Predictions switchedOff(LoRAModel model) {
        LoRAModel.Scope scope = model.disable();
        try {
            return Predictions.of(model, mnist.test());
        } finally {
            scope.close();
        }
    }

    private static List<Double> losses(List<AdamTraining.Outcome> trainings) {
        return trainings.stream()
                .flatMap(training -> training.losses().stream())
                .toList();
    }

    private void saveBase(RunFolder folder) throws IOException {
        Path file = folder.path().resolve(BASE);
        folder.write("the base " + file, () -> {
            network.save(file);
            return file;
        });
        folder.add("base", BASE);
        folder.advise("to use the trained base again, run with --base " + file);
    }

    private static void write(TextReport text, RunFolder folder, Report report, ChartData charts) throws IOException {
        Report written =
                folder.write("the report in " + folder.path(), () -> ReportWriter.write(folder.path(), report, charts));
        text.files(folder.path(), written.files());
    }
}
