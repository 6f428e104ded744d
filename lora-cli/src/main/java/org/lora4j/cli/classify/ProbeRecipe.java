package org.lora4j.cli.classify;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.cli.train.ParameterValues;
import org.lora4j.cli.train.Recipe;
import org.lora4j.text.train.HeadProbe;
import org.lora4j.text.train.ProbedTask;
import org.lora4j.train.Batch;

/**
 * The classifier begins as a linear model on the frozen model, and stays that if the steps do not make it better on the validation.
 *
 * @param <E> an example
 */
final class ProbeRecipe<E> implements Recipe<E> {
    private final ProbedTask<E, ?> task;
    private final AdapterView adapter;
    private final boolean hasStart;
    private final Runnable end;
    private final ParameterValues initial;
    private @Nullable HeadProbe<E> probe;
    private boolean keepsSteps = true;

    /**
     * Creates the recipe of a new adapter.
     *
     * @param hasStart whether the classifier has a start; else it is at random, or that of an adapter from which the training goes on
     * @param end is called once the adapter is chosen that is measured
     */
    ProbeRecipe(ProbedTask<E, ?> task, AdapterView adapter, boolean hasStart, Runnable end) {
        this.task = task;
        this.adapter = adapter;
        this.hasStart = hasStart;
        this.end = end;
        initial = new ParameterValues(adapter);
    }

    @Override
    public boolean begin(List<E> examples) {
        initial.restore();
        if (hasStart) {
            HeadProbe<E> fitted = HeadProbe.fit(task, examples);
            fitted.start().writeTo(adapter);
            probe = fitted;
        }
        return true;
    }

    @Override
    public boolean keepsSteps(Iterable<Batch> validation) {
        if (probe != null && validation.iterator().hasNext()) {
            ParameterValues trained = new ParameterValues(adapter);
            double ofSteps = task.heldLoss(adapter, validation);
            leaveOutSteps();
            keepsSteps = ofSteps < task.heldLoss(adapter, validation);
            if (keepsSteps) {
                trained.restore();
            }
        }
        end.run();
        return keepsSteps;
    }

    @Override
    public void leaveOutSteps() {
        initial.restore();
        probe().orElseThrow().writeTo(adapter);
    }

    /** Returns what the frozen model can do, if the start needed it. */
    Optional<HeadProbe<E>> probe() {
        return Optional.ofNullable(probe);
    }

    /**
     * Returns how the adapter came about.
     *
     * @param linear what the linear model is
     */
    ClassifyResult.Learned learned(String linear, int measured, int written) {
        return new ClassifyResult.Learned(probe == null ? null : "probe", linear, keepsSteps, measured, written);
    }
}
