package org.lora4j.text.job;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.TextNumber;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.HeadProbe;
import org.lora4j.text.train.NumberedTexts;
import org.lora4j.text.train.TrainableNumber;

/** Learns a number of each text. */
final class NumbersJob extends ClassifierJob<TextNumber, TrainableNumber> {
    private static final String NUMBER = "number";

    private double sum;
    private long count;

    NumbersJob(TextModel model) throws IOException {
        super(model);
    }

    @Override
    List<TextNumber> examples(TextRow row) {
        return List.of(new TextNumber(row.text("text"), second(row), row.number(NUMBER)));
    }

    @Override
    void learn(TextNumber example) {
        sum += example.number();
        count++;
    }

    @Override
    TrainableNumber create(long seed) {
        return new TrainableNumber(classifier(Outputs.number(NUMBER)), tokens(), network(1, seed));
    }

    /** The linear model at the end begins with what the frozen model can do. */
    @Override
    boolean begin(AdapterView adapter, List<TextNumber> train, boolean asksForEpochs, long seed) {
        HeadProbe.fit(task(), train).writeTo(adapter);
        return true;
    }

    @Override
    Scores scores(Model measured, Task served, List<TextNumber> judging) {
        return scores(new TrainableNumber(asClassifier(served), tokens(), task().network()).measure(measured, judging));
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
