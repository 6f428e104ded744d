package org.lora4j.text.job;

import java.io.IOException;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.ClassifierStart;
import org.lora4j.text.train.TrainableClassify;

/** Learns the classes of texts. */
final class ClassesJob extends ClassifierJob<LabelledText, TrainableClassify> {
    /** More are probably not the classes, but another column. */
    private static final int MOST_CLASSES = 1_000;

    /** How many texts each class has. */
    private final Map<String, Integer> counts = new TreeMap<>();

    ClassesJob(TextModel model) throws IOException {
        super(model);
    }

    @Override
    List<LabelledText> examples(TextRow row) {
        return List.of(new LabelledText(row.text("text"), second(row), row.label("label")));
    }

    @Override
    void learn(LabelledText example) {
        counts.merge(example.label(), 1, Integer::sum);
    }

    @Override
    void check(TextRow row, LabelledText example) {
        if (!counts.containsKey(example.label())) {
            throw row.refuse("label must be a class of a row that trains, found '" + example.label() + "'");
        }
    }

    @Override
    TrainableClassify create(long seed) {
        if (counts.size() < 2 || counts.size() > MOST_CLASSES) {
            throw new IllegalArgumentException(
                    "the rows that train must have 2 to " + MOST_CLASSES + " classes, found " + counts.size());
        }
        Labels labels = Labels.of(List.copyOf(counts.keySet()));
        return new TrainableClassify(classifier(Outputs.oneOf(labels)), tokens(), network(labels.count(), seed));
    }

    /** Few texts are learned as pairs, without steps, unless somebody asks for epochs. */
    @Override
    boolean begin(AdapterView adapter, List<LabelledText> train, boolean asksForEpochs, long seed) {
        ClassifierStart start = task().start(adapter, train, seed);
        return asksForEpochs || start.kind() != ClassifierStart.Kind.PAIRS;
    }

    @Override
    Scores scores(Model measured, Task served, List<LabelledText> judging) {
        TrainableClassify reads = new TrainableClassify(asClassifier(served), tokens(), task().network());
        return new Scores.Shares("accuracy", reads.measure(measured, judging).right());
    }

    @Override
    String baseline() {
        return "the most frequent class";
    }

    @Override
    Scores baseline(List<LabelledText> judging) {
        String most = Collections.max(counts.entrySet(), Comparator.comparingInt(Map.Entry::getValue))
                .getKey();
        return new Scores.Shares(
                "accuracy",
                judging.stream()
                        .map(text -> text.label().equals(most) ? 1.0 : 0.0)
                        .toList());
    }
}
