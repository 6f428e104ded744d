package org.lora4j.cli.classify;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.cli.train.ParameterValues;
import org.lora4j.cli.train.Recipe;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.train.ClassifierStart;
import org.lora4j.text.train.LinearProbe;
import org.lora4j.text.train.TrainableClassify;
import org.lora4j.train.Batch;

/**
 * The classifier begins as softmax regression on the frozen model, and stays that if the steps do not make it better on the validation. Few
 * texts are learned as pairs, without steps.
 */
final class ClassifyRecipe implements Recipe<LabelledText> {
    private final TrainableClassify task;
    private final AdapterView adapter;
    private final boolean hasStart;
    private final boolean asksForSteps;
    private final long seed;
    private final ParameterValues initial;
    private @Nullable ClassifierStart start;
    private boolean keepsSteps;

    /**
     * Creates the recipe of a new adapter.
     *
     * @param hasStart whether the classifier has a start; else it is at random, or that of an adapter from which the training goes on
     * @param asksForSteps whether steps follow the pairs too
     */
    ClassifyRecipe(TrainableClassify task, AdapterView adapter, boolean hasStart, boolean asksForSteps, long seed) {
        this.task = task;
        this.adapter = adapter;
        this.hasStart = hasStart;
        this.asksForSteps = asksForSteps;
        this.seed = seed;
        initial = new ParameterValues(adapter);
    }

    @Override
    public boolean begin(List<LabelledText> examples) {
        initial.restore();
        if (hasStart) {
            // An adapter that learns all texts does it in the same way, also if these are no longer few.
            ClassifierStart.Kind kind = start == null ? task.kindOfStart(adapter, examples, seed) : start.kind();
            start = task.start(kind, adapter, examples, seed);
        }
        return !hasPairs() || asksForSteps;
    }

    private boolean hasPairs() {
        return start != null && start.kind() == ClassifierStart.Kind.PAIRS;
    }

    @Override
    public boolean keepsSteps(Iterable<Batch> validation) {
        if (start == null || hasPairs() || !validation.iterator().hasNext()) {
            keepsSteps = !hasPairs() || asksForSteps;
            return true;
        }
        ParameterValues trained = new ParameterValues(adapter);
        double ofSteps = task.calibratedLoss(adapter, validation);
        leaveOutSteps();
        keepsSteps = ofSteps < task.calibratedLoss(adapter, validation);
        if (keepsSteps) {
            trained.restore();
        }
        return keepsSteps;
    }

    @Override
    public void leaveOutSteps() {
        initial.restore();
        probe().orElseThrow().writeTo(adapter);
    }

    /** Returns what the frozen model can do, if the start needed it. */
    Optional<LinearProbe> probe() {
        return Optional.ofNullable(start).map(ClassifierStart::probe);
    }

    /** Returns how the adapter came about. */
    ClassifyResult.Learned learned(int measured, int written) {
        return new ClassifyResult.Learned(
                start == null ? null : start.kind().text(), "softmax regression", keepsSteps, measured, written);
    }
}
