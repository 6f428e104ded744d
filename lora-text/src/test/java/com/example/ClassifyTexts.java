package com.example;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.Split;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Head;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Evaluator;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Trains an adapter on texts and their labels. The arguments: the folder of a model, a CSV file, a folder for the adapter. */
public final class ClassifyTexts {
    private ClassifyTexts() {}

    public static void main(String[] args) throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(Path.of(args[0]))) {
            Split<LabelledText> texts = TextFiles.read(Path.of(args[1]))
                    .map(row -> row.labelled("text", "label"))
                    .split(7, 0.1); // a tenth of the texts is held out
            Labels labels = Labels.of(texts.train().stream()
                    .map(LabelledText::label)
                    .distinct()
                    .sorted()
                    .toList());
            List<Batch> train = batches(encoder, labels, texts.train().shuffled(7, 0, 10_000));
            List<Batch> heldOut = batches(encoder, labels, texts.test());

            LoRAModel model = LoRAModel.of(encoder.model().meanClassifier(labels.count(), 7));
            LoRAConfig config = LoRAConfig.builder()
                    .rank(8)
                    .alpha(16)
                    .modulesToSave("classifier") // it is new, so it must train too
                    .build();
            AdapterView topics = model.add("topics", config);
            int steps = 3 * train.size();
            Trainer.builder(topics)
                    .updater(new AdamW(new LinearWarmupSchedule(1e-3, steps / 10, steps), 0.01))
                    .epochs(3)
                    .validation(Validation.loss(heldOut)) // the best epoch is kept
                    .build()
                    .fit(train);
            Path adapter = Path.of(args[2]);
            topics.save(adapter);
            new Classify(labels, Head.MEAN, OptionalInt.empty()).write(adapter); // what the adapter is for

            double accuracy = Evaluator.evaluate(topics, heldOut).accuracy();
            System.out.println("accuracy on held-out texts: " + accuracy);
            INDArray scores = topics.predict(encoder.tokens(List.of("We must build the railroad to the Pacific.")));
            System.out.println("label: " + labels.name(scores.argMax(1).getInt(0)));
        }
    }

    private static List<Batch> batches(EncoderFolder encoder, Labels labels, Dataset<LabelledText> texts) {
        List<Batch> batches = new ArrayList<>();
        for (List<LabelledText> some : texts.batches(16)) {
            INDArray oneHot = Nd4j.zeros(DataType.FLOAT, some.size(), labels.count());
            for (int i = 0; i < some.size(); i++) {
                oneHot.putScalar(i, labels.id(some.get(i).label()), 1);
            }
            List<String> plain = some.stream().map(LabelledText::text).toList();
            batches.add(new Batch(encoder.tokens(plain), oneHot));
        }
        return batches;
    }
}
