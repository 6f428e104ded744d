package org.lora4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.nn.Model;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.internal.Pass;
import org.lora4j.nn.internal.PassSource;
import org.nd4j.linalg.api.blas.Level1;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/** Forward, loss, backward and update of one batch; and the way back when numbers stop being finite. */
final class TrainingStep {
    private final Pass pass;
    private final Loss loss;
    private final double clipNorm;
    private final BatchBuffer outputGradients;
    private final Set<Parameter> pinned;
    private final List<Trained> trained = new ArrayList<>();
    private long pinnedChanges;
    private boolean stepped;

    /**
     * A parameter that trains, with what belongs to it.
     *
     * @param before the value before the last step, or null if it is not kept
     */
    private record Trained(
            Parameter parameter,
            INDArray gradient,
            @Nullable INDArray before,
            IUpdater settings,
            ParameterUpdater updater) {}

    TrainingStep(TrainingSettings settings) {
        Model model = settings.model();
        pass = PassSource.of(model).newTrainingPass();
        loss = settings.loss();
        clipNorm = settings.clipNorm();
        outputGradients = new BatchBuffer(model.dataType(), model.outputSize());
        pinned = pass.trainableParameters();
        pinnedChanges = pass.changes();
        if (pinned.isEmpty()) {
            throw new IllegalStateException("nothing to train: every parameter of " + model
                    + " is frozen; unfreeze the network, or register a LoRAParametrization");
        }
        settings.updaters().assign(pinned).forEach((parameter, updater) -> {
            INDArray gradient = pass.gradient(parameter);
            INDArray value = parameter.value();
            trained.add(new Trained(
                    parameter,
                    gradient,
                    settings.restoresOnDivergence() ? value.dup(value.ordering()) : null,
                    updater,
                    ParameterUpdater.of(updater, parameter, gradient)));
        });
    }

    /** Copies the parameters and the state of their updaters. */
    List<ParameterState> capture() {
        List<ParameterState> states = new ArrayList<>();
        for (Trained one : trained) {
            INDArray value = one.parameter().value();
            states.add(new ParameterState(
                    one.parameter().name(),
                    ParameterState.orderOf(value),
                    value.dup(value.ordering()),
                    one.settings().getClass().getName(),
                    one.updater().state()));
        }
        return states;
    }

    /**
     * Checks that this can go on where another stood.
     *
     * @throws IllegalArgumentException if parameters or updaters are others, with all that differs
     */
    void requireFits(List<ParameterState> states) {
        List<String> names = trained.stream().map(one -> one.parameter().name()).toList();
        List<String> saved = states.stream().map(ParameterState::name).toList();
        if (!names.equals(saved)) {
            throw new IllegalArgumentException(
                    "resume: the parameters that train must be those of the state, " + saved + ", found " + names);
        }
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            requireFits(trained.get(i), states.get(i), problems);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "resume: parameters and updaters must fit the state, found " + String.join("; ", problems));
        }
    }

    /** Goes on where another stood, whose parameters fit. */
    void restore(List<ParameterState> states, long iteration) {
        for (int i = 0; i < states.size(); i++) {
            trained.get(i).parameter().value().assign(states.get(i).value());
            INDArray updaterState = states.get(i).state();
            if (updaterState != null) {
                trained.get(i).updater().restore(updaterState);
            }
        }
        pass.setStep(iteration);
    }

    private static void requireFits(Trained one, ParameterState saved, List<String> problems) {
        INDArray value = one.parameter().value();
        String updater = one.settings().getClass().getName();
        INDArray state = saved.state();
        long size = one.settings().stateSize(value.length());
        if (!Arrays.equals(value.shape(), saved.value().shape())
                || value.dataType() != saved.value().dataType()) {
            problems.add(saved.name() + ": " + describe(value) + " where the state has " + describe(saved.value()));
        } else if (ParameterState.orderOf(value) != saved.order()) {
            problems.add(saved.name() + ": order '" + ParameterState.orderOf(value) + "' where the state has '"
                    + saved.order() + "'");
        } else if (!updater.equals(saved.updater())) {
            problems.add(saved.name() + ": updater " + updater + " where the state has " + saved.updater());
        } else if (size != (state == null ? 0 : state.length())) {
            problems.add(saved.name() + ": an updater's state of " + size + " elements where the state has "
                    + (state == null ? 0 : state.length()));
        }
    }

    static String describe(INDArray array) {
        return Arrays.toString(array.shape()) + " of " + array.dataType();
    }

    /**
     * Takes one step and returns the loss before it.
     *
     * @throws IllegalStateException if the model no longer computes with the parameters that were pinned at the start, or
     *     one of them was frozen; nothing is stepped then
     * @throws DivergedException if the loss is not finite
     */
    double take(INDArray features, @Nullable INDArray labels, long iteration, int epoch) {
        INDArray output = pass.forward(features);
        requirePinned();
        INDArray expected = requireLabels(labels, output);
        INDArray outputGradient = outputGradients.rows(output.size(0));
        double value = loss.compute(output, expected, outputGradient);
        if (!Double.isFinite(value)) {
            String place = pass.firstNonFinite().orElse("loss");
            throw new DivergedException(
                    iteration,
                    place,
                    "the loss must be finite, found " + value + " at iteration " + iteration
                            + "; the first values that are not finite are in " + place + goBack());
        }
        pass.backward(outputGradient);
        clip();
        int steps = Math.toIntExact(iteration - 1);
        for (Trained one : trained) {
            one.updater().step(steps, epoch - 1, one.before());
        }
        stepped = true;
        return value;
    }

    /** Only parameters whose gradients this step computes are stepped. */
    private void requirePinned() {
        for (Parameter parameter : pinned) {
            if (!parameter.isTrainable()) {
                throw new IllegalStateException("the training must keep the parameters that it started with, but "
                        + parameter.name()
                        + " was frozen while it trained. The training stops; its parameters are those"
                        + " after the last step. Freeze parameters when their training is over");
            }
        }
        if (pass.changes() == pinnedChanges) {
            return;
        }
        Set<Parameter> now = pass.trainableParameters();
        if (!now.equals(pinned)) {
            throw new IllegalStateException(
                    "the training must keep the parameters that it started with, "
                            + names(pinned) + ", found " + names(now)
                            + ": parametrizations were registered, removed, enabled or disabled while it ran. The training stops;"
                            + " its parameters are those after the last step. Change parametrizations when the training is over");
        }
        pinnedChanges = pass.changes();
    }

    private static List<String> names(Collection<Parameter> parameters) {
        return parameters.stream().map(Parameter::name).toList();
    }

    /** Checks the last update, which no loss has seen. */
    void requireFinite(long iteration) {
        for (Trained one : trained) {
            if (!one.parameter().isFinite()) {
                String name = one.parameter().name();
                throw new DivergedException(
                        iteration,
                        name,
                        name + ": must be finite after the last update, at iteration " + iteration + goBack());
            }
        }
    }

    private static INDArray requireLabels(@Nullable INDArray labels, INDArray output) {
        if (labels == null || !Arrays.equals(labels.shape(), output.shape())) {
            throw new IllegalArgumentException(
                    "labels: must have the shape of the output, " + Arrays.toString(output.shape()) + ", found "
                            + (labels == null ? "none" : Arrays.toString(labels.shape())));
        }
        return labels;
    }

    private void clip() {
        if (clipNorm == Double.POSITIVE_INFINITY) {
            return;
        }
        // Unlike the operations of INDArray these allocate nothing.
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

    /** Returns to the parameters of the last finite loss if they were kept, and says which parameters there are now. */
    private String goBack() {
        boolean kept = true;
        for (Trained one : trained) {
            INDArray before = one.before();
            if (before == null) {
                kept = false;
            } else if (stepped) {
                one.parameter().value().assign(before);
            }
        }
        return kept || !stepped
                ? "; the parameters are those of the last finite loss"
                : "; the parameters are those after the last step, because restoreOnDivergence is off";
    }
}
