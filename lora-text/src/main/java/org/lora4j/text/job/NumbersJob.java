package org.lora4j.text.job;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.TextNumber;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.text.train.HeadProbe;
import org.lora4j.text.train.NumberedTexts;
import org.lora4j.text.train.TrainableNumber;

/** Learns a number of each text. */
final class NumbersJob extends JobTask<TextNumber> {
    private static final String NUMBER = "number";

    private final TextModel model;
    private final Head head;
    private double sum;
    private long count;
    private @Nullable TrainableNumber task;

    NumbersJob(TextModel model) throws IOException {
        this.model = model;
        head = model.classifierHead();
    }

    @Override
    List<TextNumber> examples(TextRow row) {
        return List.of(new TextNumber(row.text("text"), row.number(NUMBER)));
    }

    @Override
    void learn(TextNumber example) {
        sum += example.number();
        count++;
    }

    @Override
    TrainableNumber trainable(long seed) {
        task = new TrainableNumber(
                new Classify(Outputs.number(NUMBER), head, OptionalInt.empty()),
                model.textTokens(),
                head.network(model.model(), 1, seed));
        return task;
    }

    private TrainableNumber task() {
        return Objects.requireNonNull(task, "the task must be created before");
    }

    /** The linear model at the end begins with what the frozen model can do. */
    @Override
    boolean begin(AdapterView adapter, List<TextNumber> train, boolean asksForEpochs, long seed) {
        HeadProbe.fit(task(), train).writeTo(adapter);
        return true;
    }

    @Override
    Optional<String> group(TextNumber example) {
        return Optional.of(example.text());
    }

    @Override
    DefaultRate rate() {
        return DefaultRate.of(5e-4);
    }

    @Override
    DefaultEpochs epochs() {
        return DefaultEpochs.CLASSIFY;
    }

    @Override
    int batchSize() {
        return 16;
    }

    @Override
    Scores scores(Model measured, List<TextNumber> judging) {
        return scores(task().measure(measured, judging));
    }

    private static Scores scores(NumberedTexts measured) {
        return new Scores.SquaredErrors(measured.squaredErrors());
    }

    @Override
    String baseline() {
        return "the mean";
    }

    @Override
    Scores baseline(List<TextNumber> judging) {
        List<Double> actual = judging.stream().map(TextNumber::number).toList();
        return scores(new NumberedTexts(actual, Collections.nCopies(actual.size(), sum / count)));
    }
}
