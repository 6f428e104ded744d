package org.lora4j.example.mnist.experiment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The fine-tuning of the adapters of all digits at once. Afterwards it trains the same adapters one after the other, on the
 * same batches, and compares times and adapters.
 *
 * @param plan what to do
 * @param mnist the images
 * @param text where the steps are printed
 * @param progress shows the trainings
 */
record FineTuningTogether(ExperimentPlan plan, Mnist mnist, TextReport text, ProgressDisplay progress) {
    /** Trains the adapters of a model, which are at their initialization. */
    List<AdamTraining.Outcome> train(LoRAModel model) {
        AdamTraining training = plan.fineTuning();
        text.section("Fine-tuning: each of the digits %s%s at once, %s", plan.digits(), plan.others(), training);
        List<AdamTraining.Outcome> together = progress.show(
                "Fine-tuning", training.batches(), listener -> training.runTogether(views(model), batches(), listener));

        LoRAModel other = LoRAModel.of(model.network());
        for (String adapter : plan.adapters()) {
            other.add(adapter, plan.config());
        }
        List<AdamTraining.Outcome> inTurn = new ArrayList<>();
        List<MnistBatches> batches = batches();
        for (AdapterView view : views(other)) {
            MnistBatches images = batches.get(inTurn.size());
            inTurn.add(progress.show(
                    "To compare, alone", training.batches(), listener -> training.run(view, images, listener)));
        }
        double seconds = AdamTraining.Outcome.phase(together, true).seconds();
        double secondsInTurn = AdamTraining.Outcome.phase(inTurn, false).seconds();
        text.fact("%d adapters at once:       %.2f s", together.size(), seconds);
        text.fact(
                "one after the other:      %.2f s, %.1f times as long; on the same batches",
                secondsInTurn, secondsInTurn / seconds);
        text.fact(
                "greatest difference of an adapter, relative to its norm: %.1e",
                greatestDifference(parameters(model), parameters(other)));
        return together;
    }

    private List<AdapterView> views(LoRAModel model) {
        return Arrays.stream(plan.adapters())
                .map(adapter -> model.using(adapter))
                .toList();
    }

    private List<MnistBatches> batches() {
        return plan.digits().stream().map(digit -> plan.batches(mnist, digit)).toList();
    }

    private List<INDArray> parameters(LoRAModel model) {
        return Arrays.stream(plan.adapters())
                .flatMap(adapter -> model.parameters(adapter).stream())
                .map(Parameter::value)
                .toList();
    }

    private static double greatestDifference(List<INDArray> some, List<INDArray> others) {
        double greatest = 0;
        for (int i = 0; i < some.size(); i++) {
            double difference = some.get(i).sub(others.get(i)).norm2Number().doubleValue();
            greatest =
                    Math.max(greatest, difference / others.get(i).norm2Number().doubleValue());
        }
        return greatest;
    }
}
