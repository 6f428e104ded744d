package org.lora4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.Inputs;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.blas.Level1;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/** Takes the steps of a training: outputs, loss, gradients and update. Restores the parameters if a loss is not finite. */
final class TrainingStep {
    private final Pass pass;
    private final CheckedLoss loss;
    private final double clipNorm;
    private final BatchLoss losses;
    private final Set<Parameter> pinned;
    private final List<Trained> trained = new ArrayList<>();
    private final @Nullable GradientSum sum;
    private List<INDArray> best = List.of();
    private long pinnedChanges;
    private long rows;
    private boolean stepped;

    /**
     * A trainable parameter with its gradient and its updater.
     *
     * @param before a copy of the value before the last step, or null if no copy is kept
     */
    private record Trained(
            Parameter parameter,
            INDArray gradient,
            @Nullable INDArray before,
            IUpdater settings,
            ParameterUpdater updater) {
        void overwrite(INDArray value) {
            parameter.assign(value);
        }
    }

    /**
     * Creates the steps of a training.
     *
     * @param settings the settings
     * @param computedElsewhere whether a {@link BatchGradients.Source} computes the gradients
     */
    TrainingStep(TrainingSettings settings, boolean computedElsewhere) {
        Model model = settings.model();
        pass = new Pass(model.newTrainingSegment(), settings.recomputes());
        loss = new CheckedLoss(settings.loss());
        clipNorm = settings.clipNorm();
        losses = BatchLoss.of(pass, model);
        pinned = pass.trainableParameters();
        pinnedChanges = pass.segment().changes();
        if (pinned.isEmpty()) {
            throw new IllegalStateException("nothing to train: every parameter of " + model
                    + " is frozen; unfreeze the network, or register a LoRAParametrization");
        }
        // What changes or writes gradients as a whole needs them as arrays.
        boolean needsGradients = computedElsewhere || clips() || settings.accumulate() > 1;
        settings.updaters().assign(pinned).forEach((parameter, updater) -> {
            INDArray gradient = pass.gradient(parameter);
            INDArray value = parameter.value();
            trained.add(new Trained(
                    parameter,
                    gradient,
                    settings.restoresOnDivergence() ? value.dup(value.ordering()) : null,
                    updater,
                    ParameterUpdater.of(
                            updater,
                            parameter,
                            gradient,
                            needsGradients ? null : pass.segment().weightGradient(parameter))));
        });
        sum = settings.accumulate() > 1
                ? new GradientSum(trained.stream().map(Trained::gradient).toList())
                : null;
    }

    /** Copies the parameters and the states of their updaters. */
    List<ParameterState> capture() {
        List<ParameterState> states = new ArrayList<>();
        for (int i = 0; i < trained.size(); i++) {
            Trained one = trained.get(i);
            INDArray value = one.parameter().value();
            states.add(new ParameterState(
                    one.parameter().name(),
                    ParameterState.orderOf(value),
                    value.dup(value.ordering()),
                    one.settings().getClass().getName(),
                    one.updater().state(),
                    best.isEmpty() ? null : best.get(i).dup(value.ordering())));
        }
        return states;
    }

    /**
     * Checks that a saved state fits the parameters and updaters of this training.
     *
     * @throws IllegalArgumentException if it does not; the message lists all differences
     */
    void requireFits(List<ParameterState> states) {
        List<String> names = trained.stream().map(one -> one.parameter().name()).toList();
        List<String> saved = states.stream().map(ParameterState::name).toList();
        if (!names.equals(saved)) {
            throw new IllegalArgumentException("resume: the trainable parameters must be those of the state, "
                    + MessageText.line(saved.toString()) + ", found " + names);
        }
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            requireFits(trained.get(i), states.get(i), problems);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("resume: parameters and updaters must fit the state, found "
                    + MessageText.line(String.join("; ", problems)));
        }
    }

    /**
     * Overwrites the parameters and the states of the updaters with a saved state that fits.
     *
     * @param batches the number of batches that were computed
     * @param withBest whether to keep the best parameters, for further validations
     */
    void restore(List<ParameterState> states, long batches, boolean withBest) {
        List<INDArray> savedBest = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            trained.get(i).overwrite(states.get(i).value());
            INDArray updaterState = states.get(i).state();
            if (updaterState != null) {
                trained.get(i).updater().restore(updaterState);
            }
            INDArray ofBest = states.get(i).best();
            if (withBest && ofBest != null) {
                savedBest.add(ofBest.dup());
            }
        }
        best = savedBest;
        pass.segment().setStep(batches);
    }

    private static void requireFits(Trained one, ParameterState saved, List<String> problems) {
        INDArray value = one.parameter().value();
        String updater = one.settings().getClass().getName();
        INDArray state = saved.state();
        long size = one.settings().stateSize(value.length());
        if (!Arrays.equals(value.shape(), saved.value().shape())
                || value.dataType() != saved.value().dataType()) {
            problems.add(saved.name() + ": " + Inputs.describe(value) + ", but the state has "
                    + Inputs.describe(saved.value()));
        } else if (ParameterState.orderOf(value) != saved.order()) {
            problems.add(saved.name() + ": memory order '" + ParameterState.orderOf(value) + "', but the state has '"
                    + saved.order() + "'");
        } else if (!updater.equals(saved.updater())) {
            problems.add(saved.name() + ": updater " + updater + ", but the state has " + saved.updater());
        } else if (size != (state == null ? 0 : state.length())) {
            problems.add(saved.name() + ": the updater needs " + size + " numbers, but the state has "
                    + (state == null ? 0 : state.length()));
        }
    }

    /**
     * Computes the loss of a batch and the gradients of the parameters, and returns the loss.
     *
     * @throws IllegalStateException if the trainable parameters are not those that the training started with; no parameter
     *     is updated then
     * @throws DivergedException if the loss is not finite
     */
    double compute(Input input, @Nullable INDArray labels, long iteration) {
        prepare(input);
        losses.forward(Segments.of(pass.segment(), input), isOfTokens());
        double value = loss(losses, 0, input, labels, iteration);
        losses.backward();
        return value;
    }

    /**
     * Lets a source compute a batch, and returns the loss.
     *
     * @param number the number of batches before this one
     * @param examples the number of examples of the batch
     * @throws IllegalStateException if the trainable parameters are not those that the training started with
     * @throws DivergedException if the loss is not finite
     */
    double compute(BatchGradients.Source source, long number, int examples, long iteration) {
        pass.segment().resolve();
        requirePinned();
        double value =
                source.compute(number, trained.stream().map(Trained::gradient).toList());
        requireFinite(value, iteration, () -> "loss");
        rows = examples;
        stepped = false;
        return value;
    }

    private void requireFinite(double loss, long iteration, Supplier<String> findPlace) {
        if (!Double.isFinite(loss)) {
            String place = findPlace.get();
            throw new DivergedException(
                    iteration,
                    place,
                    "the loss must be finite, found " + loss + " at iteration " + iteration
                            + "; the first values that are not finite are in " + place + goBack());
        }
    }

    /** The segment of this training, for a pass that computes several trainings together. */
    Segment segment() {
        return pass.segment();
    }

    /** Whether its loss is one of tokens. */
    boolean isOfTokens() {
        return loss.isOfTokens();
    }

    /**
     * Prepares a step.
     *
     * @throws IllegalArgumentException if the input does not fit the network
     * @throws IllegalStateException if the trainable parameters are not those that the training started with
     */
    void prepare(Input input) {
        pass.require(input);
        pass.segment().resolve();
        requirePinned();
    }

    /**
     * Computes the loss of a batch and its gradient.
     *
     * @param computed computes the batch, alone or together with those of other trainings
     * @param segment the number of the segment of this training
     * @throws DivergedException if the loss is not finite
     */
    double loss(BatchLoss computed, int segment, Input input, @Nullable INDArray labels, long iteration) {
        BatchLoss.Value value = computed.compute(segment, input, labels, loss);
        requireFinite(
                value.value(), iteration, () -> computed.firstNonFinite(segment).orElseGet(value::place));
        rows = value.weight();
        stepped = false;
        return value.value();
    }

    /**
     * Adds the gradients of a batch to those of the batches before it, if a step has several batches.
     *
     * @return the weight of the batch: the number of its rows, or of the labels that count
     */
    long addGradients() {
        if (sum != null) {
            sum.add(rows);
        }
        return rows;
    }

    /**
     * Updates the parameters with the gradients of the last batch, or the mean of those that were added.
     *
     * @throws IllegalStateException if a parameter was frozen since the gradients were computed, as by the listener of a
     *     training that goes together with this one
     */
    void update(long iteration, int epoch) {
        requireUnfrozen();
        if (sum != null) {
            sum.takeMean();
        }
        clip();
        int steps = Math.toIntExact(iteration - 1);
        // Backwards: backward has just read the last weights, and forward reads the first ones next. They are in the
        // cache.
        for (int i = trained.size() - 1; i >= 0; i--) {
            Trained one = trained.get(i);
            one.updater().step(steps, epoch - 1, one.before());
            one.parameter().weight().noteWrite();
        }
        stepped = true;
    }

    /** Checks that no parameter was frozen. Nothing may be written to a frozen one: others may remember what it gives. */
    private void requireUnfrozen() {
        for (Parameter parameter : pinned) {
            if (!parameter.isTrainable()) {
                throw new IllegalStateException("the training must keep the parameters that it started with, but "
                        + parameter.name()
                        + " was frozen. The training stops; its parameters are those after the last step."
                        + " Freeze parameters after the training");
            }
        }
    }

    /** Checks that the trainable parameters are still those that the training started with. */
    private void requirePinned() {
        requireUnfrozen();
        if (pass.segment().changes() == pinnedChanges) {
            return;
        }
        Set<Parameter> now = pass.trainableParameters();
        if (!now.equals(pinned)) {
            throw new IllegalStateException("the training must keep the parameters that it started with, "
                    + names(pinned) + ", found " + names(now)
                    + ": parametrizations were registered, removed, enabled or disabled. The training stops;"
                    + " its parameters are those after the last step. Change parametrizations after the training");
        }
        pinnedChanges = pass.segment().changes();
    }

    private static List<String> names(Collection<Parameter> parameters) {
        return parameters.stream().map(Parameter::name).toList();
    }

    /** Checks the parameters after the last update, because no loss has used them yet. */
    void requireFinite(long iteration) {
        for (Trained one : trained) {
            if (!one.parameter().isFinite()) {
                String name = one.parameter().name();
                throw new DivergedException(
                        iteration,
                        name,
                        name + ": must be finite after the last update, found NaN or an infinity at iteration "
                                + iteration + goBack());
            }
        }
    }

    private boolean clips() {
        return clipNorm != Double.POSITIVE_INFINITY;
    }

    private void clip() {
        if (!clips()) {
            return;
        }
        // These functions allocate nothing, unlike the operations of INDArray.
        Level1 blas = Nd4j.getBlasWrapper().level1();
        double squares = 0;
        for (Trained one : trained) {
            double norm = blas.nrm2(one.gradient());
            squares += norm * norm;
        }
        double norm = Math.sqrt(squares);
        if (norm > clipNorm) {
            for (Trained one : trained) {
                blas.scal(one.gradient().length(), clipNorm / norm, one.gradient());
            }
        }
    }

    /** Keeps a copy of the parameters as the best ones. */
    void keepBest() {
        if (best.isEmpty()) {
            best = trained.stream().map(one -> one.parameter().value().dup()).toList();
        } else {
            for (int i = 0; i < trained.size(); i++) {
                best.get(i).assign(trained.get(i).parameter().value());
            }
        }
    }

    /**
     * Overwrites the parameters with the best ones if there are any.
     *
     * @throws IllegalStateException if one was frozen since the last step
     */
    void restoreBest() {
        if (!best.isEmpty()) {
            requireUnfrozen();
        }
        for (int i = 0; i < best.size(); i++) {
            trained.get(i).overwrite(best.get(i));
        }
    }

    /**
     * Restores the best parameters or those of the last finite loss, if it may. Returns a text that names the current
     * parameters.
     */
    private String goBack() {
        if (!pinned.stream().allMatch(Parameter::isTrainable)) {
            return "; the parameters are those after the last step, because one of them was frozen since then";
        }
        if (!best.isEmpty() && trained.get(0).before() != null) {
            restoreBest();
            return "; the parameters are those of the best validation";
        }
        boolean kept = true;
        for (Trained one : trained) {
            INDArray before = one.before();
            if (before == null) {
                kept = false;
            } else if (stepped) {
                one.overwrite(before);
            }
        }
        return kept || !stepped
                ? "; the parameters are those of the last finite loss"
                : "; the parameters are those after the last step, because restoreOnDivergence is off";
    }
}
