package org.lora4j.documentation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.train.Evaluator;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** A network learns three classes of rows. An adapter learns the classes of a customer, who numbers them in another way. */
public final class TrainAdapter {
    private TrainAdapter() {}

    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "train"));
        Network network = Network.builder(4)
                .linear("linear1", 32)
                .relu()
                .linear("linear2", 3)
                .build(42);
        Trainer.builder(network).updater(new Adam(0.01)).epochs(20).build().fit(rows(600, 1, 0), 20);
        network.save(folder.resolve("base.safetensors"));

        LoRAModel model = LoRAModel.of(network); // every weight and bias is frozen from here on
        AdapterView customer = model.add("customer-a", LoRAConfig.of(4, 8)); // rank 4, α 8, all dense layers
        TrainingResult result = Trainer.builder(customer)
                .updater(new Adam(0.01))
                .epochs(50)
                .validation(Validation.loss(rows(100, 2, 1)).withPatience(3))
                .build()
                .fit(rows(300, 3, 1), 20);
        customer.save(folder.resolve("adapters").resolve("customer-a"));

        DataSet test = rows(500, 4, 1);
        System.out.println(
                "accuracy of the base: " + Evaluator.evaluate(network, test).accuracy());
        System.out.println(
                "with the adapter: " + Evaluator.evaluate(customer, test).accuracy());
        System.out.println("epochs: " + result.epochs());
    }

    /** The class of a row is the place of the greatest of its first three numbers, plus the shift. */
    private static DataSet rows(int count, long seed, int shift) {
        Random random = new Random(seed);
        float[][] features = new float[count][4];
        float[][] labels = new float[count][3];
        for (int i = 0; i < count; i++) {
            int greatest = 0;
            for (int j = 0; j < 4; j++) {
                features[i][j] = random.nextFloat();
                if (j < 3 && features[i][j] > features[i][greatest]) {
                    greatest = j;
                }
            }
            labels[i][(greatest + shift) % 3] = 1;
        }
        return new DataSet(Nd4j.createFromArray(features), Nd4j.createFromArray(labels));
    }
}
