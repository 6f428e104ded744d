package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.train.Batch;
import org.lora4j.train.Evaluator;
import org.lora4j.train.Trainer;
import org.lora4j.train.Validation;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.SplitTestAndTrain;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** The programs of the page on data, with a small file. */
@SuppressWarnings("try") // the threads are not referenced in their body
class DataGuideTest {
    @TempDir
    private Path folder;

    private Path csv;

    // spotless:off
    /** Reads a CSV file with a line of names, columns of numbers, and the class as a number from 0 in the last column. */
    static DataSet read(Path file, int classes) throws IOException {
        List<String> lines = Files.readAllLines(file);
        int columns = lines.get(0).split(",", -1).length - 1;
        float[][] features = new float[lines.size() - 1][columns];
        float[][] labels = new float[lines.size() - 1][classes];
        for (int i = 0; i < features.length; i++) {
            String[] cells = lines.get(i + 1).split(",", -1);
            if (cells.length != columns + 1) {
                throw new IOException(file + ", line " + (i + 2) + ": must have " + (columns + 1) + " cells");
            }
            for (int j = 0; j < columns; j++) {
                features[i][j] = Float.parseFloat(cells[j].strip());
            }
            labels[i][Integer.parseInt(cells[columns].strip())] = 1;
        }
        return new DataSet(Nd4j.createFromArray(features), Nd4j.createFromArray(labels));
    }
    // spotless:on

    /** Flowers whose classes differ in their means; one column has far larger numbers than the others. */
    @BeforeEach
    void writeTheFile() throws IOException {
        SplittableRandom random = new SplittableRandom(3);
        StringBuilder text = new StringBuilder("length,width,weight,class\n");
        for (int i = 0; i < 300; i++) {
            int label = i % 3;
            text.append(String.format(
                    Locale.ROOT,
                    "%.3f,%.3f,%.1f,%d%n",
                    2.0 * label + random.nextDouble(),
                    random.nextDouble() - label,
                    1000 + 300 * random.nextDouble(),
                    label));
        }
        csv = folder.resolve("flowers.csv");
        Files.writeString(csv, text.toString());
    }

    // spotless:off
    @Test
    void fromAFileToANumber() throws IOException {
        try (NativeThreads threads = NativeThreads.forBlas()) {
            DataSet all = read(csv, 3);
            all.shuffle(42);
            SplitTestAndTrain parts = all.splitTestAndTrain(0.8);
            DataSet train = parts.getTrain();
            DataSet test = parts.getTest();

            NormalizerStandardize normalizer = new NormalizerStandardize();
            normalizer.fit(train); // the mean and the standard deviation of each column, of the training rows only
            normalizer.transform(train); // changes the rows of the data set, so do it once
            normalizer.transform(test);

            Network network = Network.builder(3)
                    .linear("linear1", 16).relu()
                    .linear("linear2", 3).build(42);
            Trainer.builder(network).updater(new Adam(0.01)).epochs(20).build().fit(train, 16); // batches of 16 rows

            Evaluation evaluation = Evaluator.evaluate(network, test);
            double accuracy = evaluation.accuracy();
            System.out.println(evaluation.stats()); // precision, recall and the confusion matrix
            assertThat(accuracy).isGreaterThan(0.95);
            assertThat(test.numExamples()).isEqualTo(60);

            SafeTensors.of(
                    Map.of("mean", normalizer.getMean(), "std", normalizer.getStd()), Map.of("columns", "length,width,weight"))
                    .write(folder.resolve("normalizer.safetensors"));
            network.save(folder.resolve("base.safetensors"));

            SafeTensors stored = SafeTensors.read(folder.resolve("normalizer.safetensors"));
            NormalizerStandardize same = new NormalizerStandardize(stored.tensor("mean"), stored.tensor("std"));
            Network service = Network.load(folder.resolve("base.safetensors"));
            INDArray request = Nd4j.createFromArray(new float[][] {{4.2f, -1.5f, 1150}});
            same.transform(request); // in place, as for the training
            INDArray scores = service.predict(request);
            int best = scores.argMax(1).getInt(0); // 2
            assertThat(best).isEqualTo(2);
        }
    }

    @Test
    void aClassThatIsNeverPredictedCountsInTheMean() {
        Evaluation evaluation = new Evaluation(3);
        evaluation.eval(
                Nd4j.createFromArray(new float[][] {{1, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 1}}),
                Nd4j.createFromArray(new float[][] {{1, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 0, 0}, {0, 1, 0}}));
        double macroF1 = IntStream.range(0, 3).mapToDouble(evaluation::f1).average().orElseThrow();
        assertThat(macroF1).isCloseTo((0.8 + 2 / 3.0 + 0) / 3, within(1e-9));
        assertThat(evaluation.f1()).isCloseTo((0.8 + 2 / 3.0) / 2, within(1e-9));
    }

    @Test
    void shuffledEpochs() throws IOException {
        DataSet train = read(csv, 3);
        Network network = Network.builder(3).linear("linear", 3).build(1);
        List<Batch> batches = new ArrayList<>(train.batchBy(16).stream().map(Batch::of).toList());
        Random random = new Random(42);
        Iterable<Batch> shuffled = () -> {
            Collections.shuffle(batches, random);
            return batches.iterator();
        };
        long steps = Trainer.builder(network).updater(new Adam(0.01)).epochs(3).build().fit(shuffled).iterations();
        assertThat(steps).isEqualTo(3 * 19);
    }

    @Test
    void anAdapterForOneCustomer() throws IOException {
        DataSet train = read(csv, 3);
        DataSet heldOut = read(csv, 3);
        Network network = Network.builder(3).linear("linear1", 16).relu().linear("linear2", 3).build(1);
        NormalizerStandardize normalizer = new NormalizerStandardize();
        normalizer.fit(train);
        normalizer.transform(train);
        normalizer.transform(heldOut);
        AdapterView customer = LoRAModel.of(network).add("customer-a", LoRAConfig.of(4, 8));
        Trainer.builder(customer)
                .updater(new Adam(0.01)).epochs(50)
                .validation(Validation.loss(heldOut).withPatience(5))
                .build().fit(new ViewIterator(train, 16));
        double accuracy = Evaluator.evaluate(customer, heldOut).accuracy();
        assertThat(accuracy).isGreaterThan(0.9);
    }
    // spotless:on

    @Test
    void refusesALineWithoutAllCells() throws IOException {
        Files.writeString(csv, "a,b,class\n1,2,0\n1,0\n");
        assertThatThrownBy(() -> read(csv, 2)).isInstanceOf(IOException.class).hasMessageContaining("line 3");
    }

    /** Why the page normalizes a data set once, and not in an iterator of views. */
    @Test
    void aPreprocessorOfViewsChangesTheDataInEachEpoch() throws IOException {
        DataSet train = read(csv, 3);
        NormalizerStandardize normalizer = new NormalizerStandardize();
        normalizer.fit(train);
        ViewIterator views = new ViewIterator(train, 300);
        views.setPreProcessor(normalizer);
        INDArray first = views.next().getFeatures().dup();
        views.reset();
        assertThat(views.next().getFeatures()).isNotEqualTo(first);
    }
}
