package org.lora4j.example.mnist;

import org.lora4j.LoRAModel;
import org.lora4j.example.mnist.report.TestResult;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.train.TrainingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Fine-tunes copies of one base. Seed i gives every method the same order of images and every LoRA its A. */
final class Study {
    private final FineTuneOptions settings;
    private final int batchSize;
    private final Mnist mnist;

    /**
     * Begins a study.
     *
     * @throws IllegalArgumentException if no training image shows the digit
     */
    Study(FineTuneOptions settings, int batchSize, Mnist mnist) {
        this.settings = settings;
        this.batchSize = batchSize;
        this.mnist = mnist;
        settings.data(mnist.train(), settings.digit(), batchSize, 0, 0);
    }

    /** Runs each method with seeds 0 to {@code seeds} − 1; the base is not changed. */
    StudyTable run(Network base, List<Method> methods, int seeds, Story progress) {
        StudyTable table = new StudyTable(settings.digit());
        table.add("base", List.of(test(base::predict)));
        for (Method method : methods) {
            List<TestResult> results = new ArrayList<>();
            for (int seed = 0; seed < seeds; seed++) {
                results.add(trial(base, method, Seeds.of(seed)));
                progress.line("%s: seed %d of %d done", method.name(), seed + 1, seeds);
            }
            table.add(method.name(), results);
        }
        return table;
    }

    private TestResult trial(Network base, Method method, Seeds seeds) {
        Network network = base.copy();
        if (method.init() == null) {
            train(network, method, seeds);
            return test(network::predict);
        }
        LoRAModel model = LoRAModel.of(network);
        model.add("lora", settings.config(method.init().init(), seeds.loraA()));
        train(model, method, seeds);
        return test(model::predict);
    }

    private void train(Model model, Method method, Seeds seeds) {
        int digit = settings.digit();
        MnistIterator batches = settings.data(mnist.train(), digit, batchSize, method.replay(), seeds.fineTuneOrder());
        Learned.byAdam(model, batches, settings.batches(), method.learningRate(), new TrainingListener() {});
    }

    private TestResult test(UnaryOperator<INDArray> network) {
        return Answers.of(network, mnist.test()).result();
    }
}
