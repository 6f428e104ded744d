package com.example;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** The quick start of README.md on made-up data. The network learns which half of a row has the greater sum. */
public final class QuickStart {
    private QuickStart() {}

    /**
     * Trains a network and an adapter, and prints an output of each.
     *
     * @param args none
     * @throws IOException if the adapter cannot be saved
     */
    public static void main(String[] args) throws IOException {
        DataSetIterator allData = data(600, 1, false);
        DataSetIterator newTask = data(600, 2, true);
        INDArray x = data(1, 3, true).next().getFeatures();

        // quick start
        Network network = Network.builder(20)
                .linear("linear1", 64).relu()
                .linear("linear2", 2).build(42);
        Trainer.builder(network).updater(new Adam(1e-3)).epochs(20).build().fit(allData);

        LoRAModel model = LoRAModel.of(network); // every weight and bias is frozen from here on
        AdapterView task = model.add("task", LoRAConfig.of(2, 4)); // rank 2, α 4, all dense layers
        Trainer.builder(task).updater(new Adam(1e-2)).epochs(20).build().fit(newTask);

        INDArray adapted = task.predict(x); // any number of threads can do this at the same time
        INDArray base = model.base().predict(x); // the same as before the training, bit for bit
        task.save(Path.of("target", "task")); // a folder that Python's PEFT opens
        Network merged = task.merge(); // a plain network; the base stays as it is
        System.out.println(adapted + " instead of " + base + ", merged " + merged.predict(x));
        // end
    }

    private static DataSetIterator data(int rows, long seed, boolean swapped) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray features = Nd4j.create(DataType.FLOAT, rows, 20);
        INDArray labels = Nd4j.create(DataType.FLOAT, rows, 2);
        for (int i = 0; i < rows; i++) {
            double difference = 0;
            for (int j = 0; j < 20; j++) {
                double value = random.nextDouble() - 0.5;
                features.putScalar(i, j, value);
                difference += j < 10 ? value : -value;
            }
            labels.putScalar(i, (difference > 0) == swapped ? 1 : 0, 1);
        }
        return new ViewIterator(new DataSet(features, labels), Math.min(rows, 20));
    }
}
