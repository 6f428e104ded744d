package org.lora4j.example.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.metrics.Classification;
import org.lora4j.text.task.LinearModel;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The classification of texts in one file: an encoder as it is with a trained classifier, against the same encoder with an
 * adapter, whose own weights stay as they are.
 */
@SuppressWarnings("try") // the variable of the threads is not read
public final class TextLoRA {
    private TextLoRA() {}

    /**
     * Runs the story, in some minutes with two processors.
     *
     * @param args the folder for the model, the texts and the adapter
     */
    public static void main(String[] args) throws IOException {
        ExampleFiles files = ExampleFiles.write(Path.of(args.length > 0 ? args[0] : "text-run"));
        try (NativeThreads threads = NativeThreads.forEngine();
                EncoderFolder encoder = EncoderFolder.open(files.model(), 64)) {
            run(encoder, files.texts("train-order"), files.texts("test-order"), 400, 0, System.out::println)
                    .save(files.folder().resolve("order"));
        }
    }

    static AdapterView run(
            EncoderFolder encoder, Path trainFile, Path testFile, int steps, long seed, Consumer<String> out) {
        // 1. Read the texts, and make tokens of them.
        Labels labels = Labels.of(TextFiles.read(trainFile).stream()
                .map(row -> row.labelled("text", "label").label())
                .distinct()
                .sorted()
                .toList());
        Texts train = Texts.read(trainFile, labels, encoder);
        Texts test = Texts.read(testFile, labels, encoder);
        PretrainedModel bert = encoder.model().withDropout(0);

        // 2. What can the encoder do as it is? Compute the mean of its hidden states once, and train a classifier on
        // it.
        Network features = bert.meanPooled();
        Network head = LinearModel.fit(
                        LinearModel.Rows.of(train.map(features::predict), train.classes(), labels.count()))
                .network();
        out.accept("frozen encoder: " + percent(test.accuracy(head.predict(test.map(features::predict)))));

        // 3. Add an adapter to all linear layers of the encoder, and a classifier that trains with it.
        LoRAModel model = LoRAModel.of(bert.meanClassifier(labels.count(), seed));
        AdapterView adapter = model.add(
                "adapter",
                LoRAConfig.builder()
                        .rank(8)
                        .alpha(16)
                        .modulesToSave("classifier")
                        .seed(seed)
                        .build());

        // 4. Train both on batches of 16. The learning rate rises for a tenth of the steps, and then falls to 0.
        Trainer.builder(adapter)
                .loss(Loss.sparseSoftmaxCrossEntropy())
                .updater(new AdamW(new LinearWarmupSchedule(1e-3, steps / 10, steps), 0.01))
                .maxIterations(steps)
                .build()
                .fit(train.batches(16, seed));

        // 5. Compare, and merge the adapter into a plain network, which predicts the same.
        Network plain = adapter.merge();
        out.accept("with LoRA: " + percent(test.accuracy(test.map(adapter::predict))) + ", merged: "
                + percent(test.accuracy(test.map(plain::predict))));
        return adapter;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /** Texts as tokens, with the class of each. */
    private record Texts(Sequences tokens, List<Integer> classes) {
        static Texts read(Path file, Labels labels, EncoderFolder encoder) {
            List<LabelledText> texts = TextFiles.read(file).map(row -> row.labelled("text", "label")).stream()
                    .toList();
            return new Texts(
                    encoder.tokens(texts.stream().map(LabelledText::text).toList()),
                    texts.stream().map(text -> labels.id(text.label())).toList());
        }

        /** Computes a row for each text, some at a time. */
        INDArray map(Function<Sequences, INDArray> network) {
            List<INDArray> rows = new ArrayList<>();
            for (int from = 0; from < tokens.count(); from += 32) {
                rows.add(network.apply(tokens.part(from, Math.min(tokens.count(), from + 32))));
            }
            return Nd4j.concat(0, rows.toArray(INDArray[]::new));
        }

        /** Some texts at a time, in a new order for each epoch. */
        EpochBatches batches(int size, long seed) {
            return new EpochBatches(tokens.count(), size, seed, indices -> {
                List<Sequences> some = Arrays.stream(indices)
                        .mapToObj(i -> tokens.part(i, i + 1))
                        .toList();
                int[] ids = Arrays.stream(indices).map(classes::get).toArray();
                return new Batch(Sequences.concat(some), Nd4j.createFromArray(ids));
            });
        }

        double accuracy(INDArray scores) {
            int[] actual = classes.stream().mapToInt(Integer::intValue).toArray();
            return Classification.of(actual, scores.argMax(1).toIntVector(), scores.columns())
                    .accuracy();
        }
    }
}
