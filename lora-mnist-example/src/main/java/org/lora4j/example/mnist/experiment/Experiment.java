package org.lora4j.example.mnist.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.report.ChartData;
import org.lora4j.example.mnist.report.Checks;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.ReportWriter;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.nn.Model;
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
    private final TextReport text;
    private final ProgressDisplay progress;

    /**
     * Creates an experiment.
     *
     * @param plan what to do
     * @param mnist the images
     * @param network the base, trained or to be trained
     * @param text where the steps are printed
     * @param progress shows the trainings
     * @throws IllegalArgumentException if no training image shows one of the digits
     */
    public Experiment(ExperimentPlan plan, Mnist mnist, Network network, TextReport text, ProgressDisplay progress) {
        this.plan = plan;
        this.mnist = mnist;
        this.network = network;
        this.text = text;
        this.progress = progress;
        // A digit without images fails here, before the base is trained.
        plan.digits().forEach(digit -> plan.batches(mnist, digit));
    }

    /**
     * Runs the experiment.
     *
     * @param folder where networks, adapters and the report are written
     * @param settings the options of the run, for the report
     * @throws IllegalStateException if one of the checks does not hold; the report is written before
     */
    public void run(RunFolder folder, Map<String, @Nullable Object> settings) throws IOException {
        introduce();
        List<AdamTraining.Outcome> baseTraining = trainBase();
        saveBase(folder);
        Network before = network.copy();
        LoRAModel model = LoRAModel.of(network);
        text.section("Test of the base");
        Predictions base = predict(model.base());
        text.test(base.result());
        addAdapters(model);
        List<AdamTraining.Outcome> fineTuning = plan.together()
                ? new FineTuningTogether(plan, mnist, text, progress).train(model)
                : fineTuneInTurn(model);
        for (int digit : plan.digits()) {
            String adapter = ExperimentPlan.adapter(digit);
            folder.saveAdapter(plan.hasOneDigit() ? "adapter" : "adapter" + digit, adapter, model.using(adapter));
        }
        model.activate(plan.adapters());
        Checks checks = check(model, before);
        Predictions on = predict(model);
        Report.Tests tests = test(model, base.result(), on.result());
        Map<String, TestResult> more =
                plan.hasOneDigit() ? Map.of() : new Ensemble(plan, model, mnist.test()).compare(text, base);

        Report report = new Report(
                settings,
                plan.digits(),
                plan.seed(),
                model.parameterReport(plan.adapters()[0]),
                new Report.Training(
                        baseTraining.isEmpty() ? null : AdamTraining.Outcome.phase(baseTraining, false),
                        AdamTraining.Outcome.phase(fineTuning, plan.together())),
                tests,
                checks,
                folder.files(),
                more);
        ChartData charts = new ChartData(losses(baseTraining), losses(fineTuning), base.fixedBy(on), base.brokenBy(on));
        Map<String, String> files =
                folder.write("the report in " + folder.path(), () -> ReportWriter.write(folder.path(), report, charts));
        text.files(folder.path(), files);
        if (!checks.hold()) {
            throw new IllegalStateException("a check does not hold; the report says which");
        }
    }

    private Predictions predict(Model model) {
        return Predictions.of(model, mnist.test());
    }

    private void introduce() {
        text.line(
                "LoRA on %s: train a network on all digits, then fine-tune it on %s with LoRA",
                plan.data(),
                plan.hasOneDigit() ? "digit " + plan.digits().get(0) : "each of the digits " + plan.digits());
        text.line(
                "%,d training images, %,d test images",
                mnist.train().size(), mnist.test().size());
        text.section("The network");
        text.network(LoRAParametrization.parameterReport(network));
    }

    /** Returns the training, or nothing if the base is a loaded one. */
    private List<AdamTraining.Outcome> trainBase() {
        AdamTraining training = plan.baseTraining();
        if (training == null) {
            text.section("Base training: none, the base is loaded from a file");
            return List.of();
        }
        text.section("Base training: all digits, %s", training);
        long order = Seeds.of(plan.seed()).baseOrder();
        return List.of(train(
                "Base training", training, network, MnistBatches.shuffled(mnist.train(), training.batchSize(), order)));
    }

    private AdamTraining.Outcome train(String task, AdamTraining training, Model model, MnistBatches images) {
        AdamTraining.Outcome outcome =
                progress.show(task, training.batches(), listener -> training.run(model, images, listener));
        text.training(outcome.result());
        return outcome;
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

    private void addAdapters(LoRAModel model) {
        text.section("LoRA on every layer: W + (alpha/r) B A");
        LoRAConfig config = plan.config();
        for (String adapter : plan.adapters()) {
            model.add(adapter, config);
        }
        text.fact(
                "rank r = %d, alpha = %s; A is drawn from %s; B = 0, so the output does not change yet",
                config.rank(),
                TextReport.plain(config.alpha()),
                config.init().equals(LoRAInit.gaussian(1)) ? "N(0, 1)" : "U(-1/sqrt(in), 1/sqrt(in))");
        if (!plan.hasOneDigit()) {
            text.fact("one adapter for each digit, all of the same size: %s", model.names());
        }
        text.line("");
        text.adapted(model.parameterReport(plan.adapters()[0]));
        text.line("");
        text.fact("frozen:    %s", names(network.parameters(), false));
        text.fact("trainable: %s", names(model.parameters(plan.adapters()[0]), true));
    }

    private static String names(List<Parameter> parameters, boolean trainable) {
        return parameters.stream()
                .filter(parameter -> parameter.isTrainable() == trainable)
                .map(Parameter::name)
                .collect(Collectors.joining(", "));
    }

    private List<AdamTraining.Outcome> fineTuneInTurn(LoRAModel model) {
        List<AdamTraining.Outcome> outcomes = new ArrayList<>();
        for (int digit : plan.digits()) {
            text.section("Fine-tuning: digit %d%s, %s", digit, plan.others(), plan.fineTuning());
            AdapterView view = model.using(ExperimentPlan.adapter(digit));
            outcomes.add(train("Fine-tuning", plan.fineTuning(), view, plan.batches(mnist, digit)));
        }
        return outcomes;
    }

    private Checks check(LoRAModel model, Network before) {
        text.section("Checks, bit for bit");
        Checks checks = Checks.of(model, before);
        text.check("Frozen parameters are unchanged", checks.frozenUnchanged());
        text.check("LoRA on: the weight is exactly W + (B A) scale", checks.effectiveWeightExact());
        text.check("LoRA off: the weight is exactly W", checks.disabledEqualsOriginal());
        return checks;
    }

    private Report.Tests test(LoRAModel model, TestResult base, TestResult on) {
        text.section("The same test with LoRA");
        Report.Tests tests = new Report.Tests(
                base, on, switchedOff(model), predict(model.mergeActive()).result());
        text.comparison(tests.byName());
        text.line("");
        text.difference(plan.digits(), base, on);
        return tests;
    }

    private TestResult switchedOff(LoRAModel model) {
        LoRAModel.Scope scope = model.disable();
        try {
            return predict(model).result();
        } finally {
            scope.close();
        }
    }

    private static List<Double> losses(List<AdamTraining.Outcome> trainings) {
        return trainings.stream()
                .flatMap(training -> training.losses().stream())
                .toList();
    }
}
