package org.lora4j.example.mnist.experiment;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.example.mnist.report.Training;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.nn.parameter.Parameter;

/**
 * The fine-tuning of the adapters of all digits at once. Afterwards it trains the same adapters one after the other, on the
 * same batches, and compares times and adapters.
 */
final class FineTuningTogether {
    private final ExperimentPlan plan;
    private final Mnist mnist;

    FineTuningTogether(ExperimentPlan plan, Mnist mnist) {
        this.plan = plan;
        this.mnist = mnist;
    }

    /** Trains the adapters of a model, which are at their initialization. */
    Experiment.FineTuning train(TextReport text, LoRAModel model, ProgressDisplay progress) {
        AdamTraining training = plan.fineTuning();
        text.section(
                "Fine-tuning: each of the digits %s%s at once, %s", plan.digits(), Experiment.others(plan), training);
        List<AdamTraining.Outcome> outcomes = new ArrayList<>();
        long begin = System.nanoTime();
        progress.show("Fine-tuning", training.batches(), listener -> {
            outcomes.addAll(training.runTogether(views(model), batches(), listener));
            return outcomes.get(0);
        });
        double seconds = (System.nanoTime() - begin) / 1e9;
        compare(text, model, seconds, progress);
        long iterations =
                outcomes.stream().mapToLong(one -> one.result().iterations()).sum();
        double loss = outcomes.get(outcomes.size() - 1).result().finalLoss();
        return new Experiment.FineTuning(outcomes, new Training.Phase(iterations, seconds, loss));
    }

    private void compare(TextReport text, LoRAModel model, double seconds, ProgressDisplay progress) {
        LoRAModel inTurn = LoRAModel.of(model.network());
        plan.digits().forEach(digit -> inTurn.add(Experiment.adapter(digit), plan.config()));
        List<AdapterView> views = views(inTurn);
        List<MnistBatches> batches = batches();
        long begin = System.nanoTime();
        for (int i = 0; i < views.size(); i++) {
            AdapterView view = views.get(i);
            MnistBatches images = batches.get(i);
            progress.show(
                    "To compare, alone",
                    plan.fineTuning().batches(),
                    listener -> plan.fineTuning().run(view, images, listener));
        }
        double secondsInTurn = (System.nanoTime() - begin) / 1e9;
        text.fact("%d adapters at once:       %.2f s", views.size(), seconds);
        text.fact(
                "one after the other:      %.2f s, %.1f times as long; on the same batches",
                secondsInTurn, secondsInTurn / seconds);
        text.fact("greatest difference of an adapter, relative to its norm: %.1e", greatestDifference(model, inTurn));
    }

    private List<AdapterView> views(LoRAModel model) {
        return plan.digits().stream()
                .map(digit -> model.using(Experiment.adapter(digit)))
                .toList();
    }

    private List<MnistBatches> batches() {
        return plan.digits().stream().map(digit -> plan.batches(mnist, digit)).toList();
    }

    private double greatestDifference(LoRAModel one, LoRAModel other) {
        double greatest = 0;
        for (int digit : plan.digits()) {
            List<Parameter> expected = other.parameters(Experiment.adapter(digit));
            List<Parameter> actual = one.parameters(Experiment.adapter(digit));
            for (int i = 0; i < expected.size(); i++) {
                double norm = expected.get(i).value().norm2Number().doubleValue();
                double difference = actual.get(i)
                        .value()
                        .sub(expected.get(i).value())
                        .norm2Number()
                        .doubleValue();
                greatest = Math.max(greatest, difference / norm);
            }
        }
        return greatest;
    }
}
