package org.lora4j.example.text.experiment;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.train.Classes;
import org.lora4j.example.support.train.EpochBatches;
import org.lora4j.example.support.train.SoftmaxRegression;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.data.TextFolder;
import org.lora4j.example.text.model.MiniLm;
import org.lora4j.nn.Model;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;

/**
 * The classification of texts in one file: an encoder as it is with a trained classifier, against the same encoder with an
 * adapter, whose own weights stay as they are.
 */
@SuppressWarnings("try") // the variable of the threads is not read
public final class TextLoRA {
    private TextLoRA() {}

    /**
     * Runs the story, in about five minutes with two processors.
     *
     * @param args the folder in which the adapter is saved; none to save nothing
     * @throws IOException if the model cannot be converted, or the adapter not be saved
     */
    public static void main(String[] args) throws IOException {
        try (NativeThreads threads = NativeThreads.forBlas();
                Tokenizer tokenizer = MiniLm.tokenizer(96)) {
            BertModel bert = MiniLm.load(MiniLm.defaultFolder()).withDropout(0);
            AdapterView adapter = run(bert, tokenizer, ClassifiedTexts.read(TextFolder.bundled()), 300, 16, System.out);
            if (args.length > 0) {
                adapter.save(Path.of(args[0]));
            }
        }
    }

    static AdapterView run(
            BertModel bert, Tokenizer tokenizer, ClassifiedTexts texts, int steps, int batch, PrintStream out) {
        // 1. Make tokens of the texts.
        TokenizedTexts train = TokenizedTexts.of(tokenizer, texts.train().texts());
        TokenizedTexts test = TokenizedTexts.of(tokenizer, texts.test().texts());
        List<Integer> classes = texts.train().classes();
        int count = texts.classNames().size();

        // 2. What can the encoder do as it is? Compute the mean of its hidden states once, and train a classifier on
        // it.
        Network encoder = bert.meanPooled();
        Network head = SoftmaxRegression.train(train.map(encoder::predict), classes, count, 0)
                .classifier();
        Predictions frozen = Predictions.of(
                head.predict(test.map(encoder::predict)), texts.test().classes());
        out.printf(
                Locale.ROOT, "frozen encoder: %.1f %%%n", 100 * frozen.result().accuracy());

        // 3. Add an adapter to all linear layers of the encoder, and a classifier that trains with it.
        LoRAModel model = LoRAModel.of(bert.meanClassifier(count, 0));
        AdapterView adapter = model.add("eras", withClassifier(LoRAConfig.of(8, 16), 0));

        // 4. Train both.
        train(adapter, batches(train, classes, count, batch, 0), steps, 2e-3, new TrainingListener() {});

        // 5. Compare, and merge the adapter into a plain network, which predicts the same.
        out.printf(
                Locale.ROOT,
                "with LoRA: %.1f %%, merged: %.1f %%%n",
                100 * predict(adapter, test, texts).result().accuracy(),
                100 * predict(adapter.merge(), test, texts).result().accuracy());
        return adapter;
    }

    /** A configuration whose adapter has the classifier of {@link BertModel#meanClassifier} in full. */
    static LoRAConfig withClassifier(LoRAConfig config, long seed) {
        return config.toBuilder().modulesToSave("classifier").seed(seed).build();
    }

    /** Texts with their classes in a new order for each epoch. */
    static EpochBatches batches(TokenizedTexts texts, List<Integer> classes, int count, int size, long seed) {
        return new EpochBatches(
                texts.size(),
                size,
                seed,
                indices -> new Batch(texts.batch(indices), Classes.oneHot(classes, indices, count)));
    }

    /** The learning rate rises for the first tenth of the steps, and then falls to 0. The decay is PyTorch's default. */
    static TrainingResult train(
            Model adapter, Iterable<Batch> batches, int steps, double rate, TrainingListener listener) {
        return Trainer.builder(adapter)
                .loss(Loss.softmaxCrossEntropy())
                .updater(new AdamW(new LinearWarmupSchedule(rate, steps / 10, steps), 0.01))
                .maxIterations(steps)
                .listener(listener)
                .build()
                .fit(batches);
    }

    static Predictions predict(Model model, TokenizedTexts texts, ClassifiedTexts of) {
        return Predictions.of(texts.map(model::predict), of.test().classes());
    }
}
