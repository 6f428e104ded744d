package org.lora4j.example.mnist.experiment;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.train.TrainingListener;

/**
 * Fine-tunes copies of one base by several methods and with several seeds. With the same seed, all methods have the same
 * order of images.
 *
 * @param mnist the images
 * @param digit the digit of the fine-tuning
 * @param config rank and α of the adapters; the methods choose the initialization
 * @param batches the number of batches of each fine-tuning
 * @param batchSize the number of images in a batch
 */
public record Study(Mnist mnist, int digit, LoRAConfig config, long batches, int batchSize) {
    /**
     * Checks that there are images of the digit.
     *
     * @throws IllegalArgumentException if no training image shows the digit
     */
    public Study {
        MnistBatches.ofDigit(mnist.train(), digit, batchSize, 0);
    }

    /**
     * A method of fine-tuning.
     *
     * @param name its name in the table
     * @param init the initialization of A; null to train all weights instead of LoRA
     * @param replayShare the share of other digits in each batch, in [0, 1)
     * @param learningRate the learning rate of Adam
     */
    public record Method(String name, @Nullable LoRAInit init, double replayShare, double learningRate) {}

    /** Returns a table without rows. */
    public StudyTable table() {
        return new StudyTable(digit);
    }

    /**
     * Runs all methods. The base does not change.
     *
     * @param base the base
     * @param methods the methods
     * @param firstSeed the first seed of each method
     * @param seeds the number of seeds of each method
     * @param progress a line is printed there after each fine-tuning
     * @return the tests
     */
    public StudyTable run(Network base, List<Method> methods, long firstSeed, int seeds, TextReport progress) {
        StudyTable table = table();
        table.add("base", List.of(test(base)));
        for (Method method : methods) {
            List<TestResult> results = new ArrayList<>();
            for (int seed = 0; seed < seeds; seed++) {
                results.add(test(fineTune(base.copy(), method, Seeds.of(firstSeed + seed))));
                progress.line("%s: seed %d of %d done", method.name(), seed + 1, seeds);
            }
            table.add(method.name(), results);
        }
        return table;
    }

    private Model fineTune(Network base, Method method, Seeds seeds) {
        Model model = base;
        if (method.init() != null) {
            LoRAConfig initialized =
                    config.toBuilder().init(method.init()).seed(seeds.loraA()).build();
            model = LoRAModel.of(base).add("lora", initialized);
        }
        MnistBatches images =
                MnistBatches.ofDigit(mnist.train(), digit, batchSize, method.replayShare(), seeds.fineTuneOrder());
        new AdamTraining(batches, batchSize, method.learningRate()).run(model, images, new TrainingListener() {});
        return model;
    }

    private TestResult test(Model model) {
        return Predictions.of(model, mnist.test()).result();
    }
}
