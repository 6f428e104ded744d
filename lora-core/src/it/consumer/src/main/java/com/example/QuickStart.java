package com.example;

import java.util.SplittableRandom;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** The quick start of README.md on made-up data: which of two halves of a row is greater. */
public final class QuickStart {
    private QuickStart() {}

    /**
     * Trains, adapts, and compares.
     *
     * @param args none
     */
    public static void main(String[] args) {
        DataSetIterator allData = data(600, 1, false);
        DataSetIterator newTask = data(600, 2, true);
        INDArray x = data(1, 3, true).next().getFeatures();

        // quick start
        try (NativeThreads threads = NativeThreads.forBlas()) {
            Network network = Network.builder(20)
                    .linear("linear1", 64).relu()
                    .linear("linear2", 2).build(42);
            Trainer.builder(network).updater(new Adam(1e-3)).epochs(20).build().fit(allData);

            LoRAModel model = LoRAModel.of(network); // every weight and bias is frozen from here on
            model.add("task", LoRAConfig.builder().rank(2).alpha(4).targetModules("linear1", "linear2").build());
            Trainer.builder(model).updater(new Adam(1e-2)).epochs(20).build().fit(newTask);

            INDArray adapted = model.using("task").predict(x); // safe from any number of threads
            INDArray base = model.using().predict(x); // the base answers as before, bit for bit
            Network shipped = model.merge("task"); // a plain network; the base is untouched
            System.out.println(adapted + " instead of " + base + ", merged " + shipped.predict(x));
        }
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
