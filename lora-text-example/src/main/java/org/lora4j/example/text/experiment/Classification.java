package org.lora4j.example.text.experiment;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.support.train.EpochBatches;
import org.lora4j.example.support.train.SoftmaxRegression;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.report.BaseCheck;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;
import org.lora4j.train.TrainingResult;

/**
 * Classifies texts in two ways: with a classifier on the frozen encoder, and with an adapter for the encoder and a classifier
 * that trains with it. Both classify the mean of the last hidden states.
 */
public final class Classification {
    /** The name of the adapter. */
    static final String ADAPTER = "adapter";

    private final BertModel bert;
    private final ClassifiedTexts texts;
    private final TextOutput out;
    private final TokenizedTexts train;
    private final TokenizedTexts test;

    /**
     * Creates an experiment.
     *
     * @param bert the model
     * @param tokens its tokenizer
     * @param texts the texts
     * @param out where the steps are printed
     */
    public Classification(BertModel bert, Tokenizer tokens, ClassifiedTexts texts, TextOutput out) {
        this.bert = bert;
        this.texts = texts;
        this.out = out;
        this.train = TokenizedTexts.of(tokens, texts.train().texts());
        this.test = TokenizedTexts.of(tokens, texts.test().texts());
    }

    /** Returns the mean number of tokens of a training text. */
    double meanTokens() {
        return train.tokens() / (double) train.size();
    }

    private int classes() {
        return texts.classNames().size();
    }

    /**
     * What the frozen encoder reaches.
     *
     * @param predictions the predictions for the test texts
     * @param training the training of the classifier
     */
    record Frozen(Predictions predictions, TrainingResult training) {}

    Frozen frozen(long seed) {
        out.section("The frozen encoder with a trained classifier");
        Network encoder = bert.meanPooled();
        SoftmaxRegression.Trained trained = SoftmaxRegression.train(
                train.map(encoder::predict), texts.train().classes(), classes(), seed);
        Predictions predictions = Predictions.of(
                trained.classifier().predict(test.map(encoder::predict)),
                texts.test().classes());
        accuracy(predictions.result());
        return new Frozen(predictions, trained.result());
    }

    /**
     * What the encoder reaches with an adapter.
     *
     * @param view the model with the adapter
     * @param training the training
     * @param predictions the predictions for the test texts
     * @param merged the test of the plain network with the adapter merged into it
     * @param base whether the base is unchanged
     */
    record Adapted(
            AdapterView view,
            FineTuning.Outcome training,
            Predictions predictions,
            TestResult merged,
            BaseCheck base) {}

    Adapted adapted(LoRAConfig config, FineTuning fineTuning, long seed, ProgressDisplay progress) {
        out.section("LoRA: %s", fineTuning);
        Network base = bert.meanClassifier(classes(), seed);
        FrozenCheck check = new FrozenCheck(base, test);
        LoRAModel model = LoRAModel.of(base);
        AdapterView view = model.add(ADAPTER, TextLoRA.withClassifier(config, seed));
        EpochBatches batches =
                TextLoRA.batches(train, texts.train().classes(), classes(), fineTuning.batchSize(), seed);
        FineTuning.Outcome outcome =
                progress.show("LoRA", fineTuning.steps(), listener -> fineTuning.run(view, batches, listener));
        out.training(outcome.result());

        Predictions predictions = TextLoRA.predict(view, test, texts);
        accuracy(predictions.result());
        TestResult merged = TextLoRA.predict(view.merge(), test, texts).result();
        out.fact("merged into the weights: accuracy %.2f %%", 100 * merged.accuracy());

        return new Adapted(view, outcome, predictions, merged, check.compare(model, out));
    }

    /**
     * Tests an adapter that was made elsewhere.
     *
     * @param folder a folder with {@code adapter_config.json} and {@code adapter_model.safetensors}, whose adapter has a
     *     classifier of its own
     * @return the test
     * @throws IOException if the adapter cannot be read or does not fit the model
     */
    public TestResult test(Path folder) throws IOException {
        AdapterView view = LoRAModel.of(bert.meanClassifier(classes(), 0)).load(ADAPTER, folder);
        return TextLoRA.predict(view, test, texts).result();
    }

    private void accuracy(TestResult result) {
        out.fact(
                "accuracy %.2f %%, %,d of %,d test texts wrong",
                100 * result.accuracy(), result.wrongTotal(), result.examples());
    }
}
