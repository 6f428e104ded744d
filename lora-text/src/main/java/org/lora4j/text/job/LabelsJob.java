package org.lora4j.text.job;

import java.io.IOException;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.HeadProbe;
import org.lora4j.text.train.TrainableLabels;

/** Learns any number of labels of texts. */
final class LabelsJob extends ClassifierJob<TextLabels, TrainableLabels> {
    /** More are probably not the labels, but another column. */
    private static final int MOST_LABELS = 1_000;

    private final TreeSet<String> labels = new TreeSet<>();

    /** How many texts have just these labels. */
    private final Map<List<String>, Integer> sets = new HashMap<>();

    LabelsJob(TextModel model) throws IOException {
        super(model);
    }

    @Override
    List<TextLabels> examples(TextRow row) {
        return List.of(new TextLabels(row.text("text"), second(row), row.labels("labels", null)));
    }

    @Override
    void learn(TextLabels example) {
        labels.addAll(example.labels());
        sets.merge(example.labels().stream().sorted().toList(), 1, Integer::sum);
    }

    @Override
    void check(TextRow row, TextLabels example) {
        for (String label : example.labels()) {
            if (!labels.contains(label)) {
                throw row.refuse("each of labels must be one of a row that trains, found '" + label + "'");
            }
        }
    }

    @Override
    TrainableLabels create(long seed) {
        if (labels.isEmpty() || labels.size() > MOST_LABELS) {
            throw new IllegalArgumentException(
                    "the rows that train must have 1 to " + MOST_LABELS + " labels, found " + labels.size());
        }
        Labels names = Labels.of(List.copyOf(labels));
        return new TrainableLabels(classifier(Outputs.anyOf(names)), tokens(), network(names.count(), seed));
    }

    /** The classifier begins with what the frozen model can do. */
    @Override
    boolean begin(AdapterView adapter, List<TextLabels> train, boolean asksForEpochs, long seed) {
        HeadProbe.fit(task(), train).writeTo(adapter);
        return true;
    }

    /** From which probability on a text has a label is chosen with the rows that choose. */
    @Override
    void end(AdapterView adapter, List<TextLabels> choosing) {
        if (!choosing.isEmpty()) {
            task().useThresholds(task().measure(adapter, choosing).bestThresholds());
        }
    }

    @Override
    Scores scores(Model measured, Task served, List<TextLabels> judging) {
        TrainableLabels reads = new TrainableLabels(asClassifier(served), tokens(), task().network());
        return new Scores.F1(reads.measure(measured, judging).metrics().byText());
    }

    @Override
    String baseline() {
        return "the most frequent labels";
    }

    @Override
    Scores baseline(List<TextLabels> judging) {
        List<String> most = Collections.max(
                        sets.entrySet(),
                        Map.Entry.<List<String>, Integer>comparingByValue()
                                .thenComparing(entry -> String.join("\n", entry.getKey()), Comparator.reverseOrder()))
                .getKey();
        return new Scores.F1(judging.stream()
                .map(text -> new PrecisionRecall(
                        (int) most.stream().filter(text.labels()::contains).count(),
                        most.size(),
                        text.labels().size()))
                .toList());
    }
}
