package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;

/**
 * Pairs of texts of one class, from which layers learn that such texts are near each other and texts of other classes are not. Few texts
 * have many pairs (Tunstall and others, 2022, arXiv:2209.11055).
 */
final class ClassPairs {
    /** Up to so many texts for a class are few. */
    static final int FEW = 16;

    private static final int STEPS = 80;
    private static final double RATE = 2.5e-4;
    private static final double WEIGHT_DECAY = 0.01;
    private static final double CLIP = 1;

    /** The factor of the cosine; a greater one looks more at single pairs, of which there are few. */
    private static final double SCALE = 10;

    private static final int PAIRS = 8;
    private static final int MOST_PAIRS = 16;

    /** A name that says something: words, and no number. */
    private static final Pattern WORDS = Pattern.compile("\\P{N}*\\p{L}{3}\\P{N}*");

    private final TrainableClassify task;
    private final List<LabelledText> texts;
    private final List<List<LabelledText>> byClass;

    private ClassPairs(TrainableClassify task, List<LabelledText> texts) {
        this.task = task;
        this.texts = List.copyOf(texts);
        Map<String, List<LabelledText>> found = new LinkedHashMap<>();
        for (LabelledText text : texts) {
            found.computeIfAbsent(text.label(), label -> new ArrayList<>()).add(text);
        }
        byClass = found.values().stream().filter(some -> some.size() > 1).toList();
    }

    /**
     * Makes pairs of texts, and of the names of their classes, each of which is one more text of its class if it has words. A name is no
     * example of a task whose examples are themselves pairs.
     *
     * @return nothing if fewer than two classes have a pair
     */
    static Optional<ClassPairs> of(TrainableClassify task, List<LabelledText> examples) {
        Labels labels = task.labels();
        List<LabelledText> texts = new ArrayList<>(examples);
        for (String name : labels.names()) {
            if (!task.takesPairs() && WORDS.matcher(name).matches()) {
                texts.add(new LabelledText(name.replace('_', ' '), name));
            }
        }
        ClassPairs pairs = new ClassPairs(task, texts);
        return pairs.byClass.size() > 1 ? Optional.of(pairs) : Optional.empty();
    }

    /** Returns whether texts are so few that they teach more as pairs, if they have pairs. */
    static boolean areFew(TrainableClassify task, List<LabelledText> examples) {
        return examples.size() <= (long) FEW * task.labels().count();
    }

    /** Returns the texts with the names of the classes. */
    List<LabelledText> texts() {
        return texts;
    }

    /**
     * Trains the parts of an adapter that lie in the layers before the classifier.
     *
     * @param layers the layers before the classifier
     * @param adapter the adapter, which stays as it is
     * @return a copy of it on these layers alone, which learned the pairs
     */
    AdapterView train(Network layers, AdapterView adapter, long seed) {
        LoRAConfig config =
                adapter.adapter().config().toBuilder().modulesToSave().build();
        AdapterView alone = LoRAModel.of(layers).add(adapter.names().get(0), config);
        copy(adapter, alone);
        Trainer.builder(alone)
                .loss(Loss.inBatchNegatives(SCALE))
                .updater(new AdamW(new LinearWarmupSchedule(RATE, STEPS / 10, STEPS), WEIGHT_DECAY))
                .clipNorm(CLIP)
                .maxIterations(STEPS)
                .build()
                .fit(batches(new Random(seed)));
        return alone;
    }

    /** Gives parameters the elements of those with the same names. */
    static void copy(AdapterView from, AdapterView to) {
        Map<String, Parameter> byName = new LinkedHashMap<>();
        from.parameters().forEach(parameter -> byName.put(parameter.name(), parameter));
        for (Parameter parameter : to.parameters()) {
            Parameter same = byName.get(parameter.name());
            if (same != null) {
                parameter.assign(same.value());
            }
        }
    }

    private List<Batch> batches(Random random) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < STEPS; i++) {
            batches.add(batch(random));
        }
        return batches;
    }

    /** A pair of each class, or several if the classes are few; the texts of a class are no wrong answers for each other. */
    private Batch batch(Random random) {
        List<List<LabelledText>> classes = new ArrayList<>();
        for (int i = 0; i < Math.max(1, PAIRS / byClass.size()); i++) {
            classes.addAll(byClass);
        }
        Collections.shuffle(classes, random);
        classes = classes.subList(0, Math.min(MOST_PAIRS, classes.size()));
        List<LabelledText> first = new ArrayList<>();
        List<LabelledText> second = new ArrayList<>();
        boolean[][] belongs = new boolean[classes.size()][classes.size()];
        for (int i = 0; i < belongs.length; i++) {
            List<LabelledText> some = classes.get(i);
            int one = random.nextInt(some.size());
            int other = random.nextInt(some.size() - 1);
            first.add(some.get(one));
            second.add(some.get(other < one ? other : other + 1));
            for (int j = 0; j < belongs.length; j++) {
                belongs[i][j] = some == classes.get(j);
            }
        }
        return Batch.ofPairs(tokens(first), tokens(second)).withPositives(belongs);
    }

    private Sequences tokens(List<LabelledText> some) {
        return (Sequences) task.batch(some).input();
    }
}
