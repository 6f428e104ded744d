package ${package};

import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.train.Evaluator;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Trains a network, and beside it an adapter for another task. Put your own data in the place of {@link #rows}. */
public final class TrainAdapter {
    public static void main(String[] args) throws IOException {
        LoRAModel model = LoRAModel.of(network()); // every weight and bias is frozen from here on
        AdapterView adapter = train(model);
        DataSet test = rows(1000, 3, true);
        System.out.printf("network alone: %.1f %% right%n", 100 * Evaluator.evaluate(model.base(), test).accuracy());
        System.out.printf("with adapter: %.1f %% right%n", 100 * Evaluator.evaluate(adapter, test).accuracy());
        adapter.save(Path.of("target", "adapter")); // a folder that Python's PEFT opens
    }

    static Network network() {
        Network network = Network.builder(20).linear("linear1", 64).relu().linear("linear2", 2).build(42);
        Trainer.builder(network).updater(new Adam(1e-3)).epochs(20).build().fit(rows(600, 1, false), 20);
        return network;
    }

    static AdapterView train(LoRAModel model) {
        AdapterView adapter = model.add("swapped", LoRAConfig.of(2, 4)); // rank 2, α 4, all dense layers
        Trainer.builder(adapter).updater(new Adam(1e-2)).epochs(20).build().fit(rows(600, 2, true), 20);
        return adapter;
    }

    /** Made-up data: which half of a row has the greater sum? Swapped, the answers are the other ones. */
    static DataSet rows(int count, long seed, boolean isSwapped) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray features = Nd4j.zeros(DataType.FLOAT, count, 20);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, count, 2);
        for (int i = 0; i < count; i++) {
            double difference = 0;
            for (int j = 0; j < 20; j++) {
                double value = random.nextDouble() - 0.5;
                features.putScalar(i, j, value);
                difference += j < 10 ? value : -value;
            }
            labels.putScalar(i, (difference > 0) == isSwapped ? 1 : 0, 1);
        }
        return new DataSet(features, labels);
    }
}
