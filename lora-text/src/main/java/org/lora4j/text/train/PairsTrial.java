package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.lora4j.AdapterView;
import org.lora4j.text.data.LabelledText;

/**
 * Whether few texts teach more as pairs: a cross-validation. Each class is dealt out to the parts, and each part is named by classifiers that
 * learned the others.
 *
 * @param texts how many texts were named
 * @param pairs how many of them a classifier behind layers that learned pairs named right
 * @param frozen how many of them a classifier on the frozen model named right
 */
record PairsTrial(int texts, int pairs, int frozen) {
    private static final int PARTS = 3;

    /** Runs the trial; the adapter stays as it is. */
    static PairsTrial of(TrainableClassify task, AdapterView adapter, List<LabelledText> examples, long seed) {
        List<LabelledText> shuffled = new ArrayList<>(examples);
        Collections.shuffle(shuffled, new Random(seed));
        Map<String, Integer> dealt = new HashMap<>();
        List<List<LabelledText>> parts = new ArrayList<>();
        for (int part = 0; part < PARTS; part++) {
            parts.add(new ArrayList<>());
        }
        for (LabelledText text : shuffled) {
            parts.get((dealt.merge(text.label(), 1, Integer::sum) - 1) % PARTS).add(text);
        }
        PairsTrial sum = new PairsTrial(0, 0, 0);
        for (List<LabelledText> held : parts) {
            List<LabelledText> others = new ArrayList<>(shuffled);
            others.removeAll(Set.copyOf(held));
            Optional<ClassPairs> some = ClassPairs.of(task, others);
            if (!held.isEmpty() && some.isPresent()) {
                ClassPairs pairs = some.get();
                AdapterView taught = pairs.train(task.layers(), adapter, seed);
                sum = new PairsTrial(
                        sum.texts + held.size(),
                        sum.pairs + right(task, task.probe(taught, pairs), held),
                        sum.frozen + right(task, task.probe(others), held));
            }
        }
        return sum;
    }

    private static int right(TrainableClassify task, LinearProbe probe, List<LabelledText> held) {
        List<Integer> predicted = probe.predict(held);
        int right = 0;
        for (int i = 0; i < held.size(); i++) {
            right += predicted.get(i) == task.classOf(held.get(i)) ? 1 : 0;
        }
        return right;
    }

    /** Returns pairs if they are at least as good, else a classifier on the frozen model. */
    ClassifierStart.Kind kind() {
        return pairs >= frozen ? ClassifierStart.Kind.PAIRS : ClassifierStart.Kind.PROBE;
    }
}
