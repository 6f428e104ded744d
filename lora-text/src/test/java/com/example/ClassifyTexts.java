package com.example;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.Split;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.train.TrainableClassify;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Trains an adapter on texts and their labels. The arguments: the folder of a model, a CSV file, a folder for the adapter. */
public final class ClassifyTexts {
    private ClassifyTexts() {}

    public static void main(String[] args) throws IOException {
        Split<LabelledText> texts = TextFiles.read(Path.of(args[1]))
                .map(row -> row.labelled("text", "label"))
                .split(7, 0.1); // a tenth of the texts is held out
        Labels labels = Labels.of(texts.train().stream()
                .map(LabelledText::label)
                .distinct()
                .sorted()
                .toList());
        BaseStorage storage = BaseStorage.of(Precision.FLOAT);
        try (TextClassifier classifier =
                TextClassifier.create(Path.of(args[0]), labels, Head.MEAN, OptionalInt.empty(), 7, storage)) {
            TrainableClassify task = classifier.trainableClasses();
            List<Batch> train = batches(task, texts.train().shuffled(7, 0, 10_000));
            List<Batch> heldOut = batches(task, texts.test());

            LoRAConfig config = task.config(LoRAConfig.of(8, 16)); // the classifier is new, so it trains too
            AdapterView topics = LoRAModel.of(task.network()).add("topics", config);
            int steps = 3 * train.size();
            Trainer.builder(topics)
                    .loss(task.loss())
                    .updater(new AdamW(new LinearWarmupSchedule(1e-3, steps / 10, steps), 0.01))
                    .epochs(3)
                    .validation(task.validation(heldOut)) // the best epoch is kept
                    .build()
                    .fit(train);
            Path adapter = Path.of(args[2]);
            topics.save(adapter);
            TaskFile.write(task.task(), adapter); // what the adapter is for

            double accuracy =
                    task.measure(topics, texts.test()).classification().accuracy();
            System.out.println("accuracy on held-out texts: " + accuracy);
            INDArray scores = topics.predict(classifier.tokens(List.of("We must build the railroad to the Pacific.")));
            System.out.println("label: " + labels.name(scores.argMax(1).getInt(0)));
        }
    }

    private static List<Batch> batches(TrainableClassify task, Dataset<LabelledText> texts) {
        List<Batch> batches = new ArrayList<>();
        for (List<LabelledText> some : texts.batches(16)) {
            batches.add(task.batch(some));
        }
        return batches;
    }
}
