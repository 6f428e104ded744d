package org.lora4j.text.train;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.lora4j.AdapterView;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.text.task.LinearModel;

/**
 * What a frozen model can do with texts as it is: a linear model on the rows that it gives, which are computed once (a linear probe). This is
 * what an adapter must be better than, and where its own classifier begins.
 *
 * @param <E> an example
 */
public final class HeadProbe<E> {
    private final ProbedTask<E, ?> task;
    private final Network features;
    private final LinearModel.Rows rows;
    private final LinearModel linear;

    private HeadProbe(ProbedTask<E, ?> task, Network features, LinearModel.Rows rows, LinearModel linear) {
        this.task = task;
        this.features = features;
        this.rows = rows;
        this.linear = linear;
    }

    /**
     * Fits a linear model in the place of the classifier of a task.
     *
     * @param task what the examples say, and the tokens of texts
     * @param examples the examples; a list that may read each of them from a file
     * @param <E> an example
     * @return the probe
     * @throws IllegalArgumentException if there is no example
     */
    public static <E> HeadProbe<E> fit(ProbedTask<E, ?> task, List<E> examples) {
        List<Layer> layers = task.network().layers();
        int last = layers.size() - 1;
        boolean hasBias = ((Linear) layers.get(last)).biasParameter() != null;
        return fit(task, new Network(layers.subList(0, last)), examples, hasBias);
    }

    /**
     * Fits a linear model on other features, to compare it with an adapter.
     *
     * @param task what the examples say, and the tokens of texts
     * @param features a network with a row for each text
     * @param examples the examples; a list that may read each of them from a file
     * @param <E> an example
     * @return the probe
     * @throws IllegalArgumentException if there is no example
     */
    public static <E> HeadProbe<E> fit(ProbedTask<E, ?> task, Network features, List<E> examples) {
        return fit(task, features, examples, true);
    }

    private static <E> HeadProbe<E> fit(ProbedTask<E, ?> task, Network features, List<E> examples, boolean hasBias) {
        Objects.requireNonNull(task, "task must not be null");
        List<E> some = FrozenRows.sample(features, examples);
        LinearModel.Rows rows = task.rows(FrozenRows.of(features, task, some), some, hasBias);
        return new HeadProbe<>(task, features, rows, LinearModel.fit(rows));
    }

    /**
     * Returns the model with which an adapter begins: the same one with the penalty that {@link ProbedTask#penaltyOfStart} says.
     *
     * @return a probe on the same rows
     */
    public HeadProbe<E> start() {
        double factor = task.penaltyOfStart();
        return factor == 1
                ? this
                : new HeadProbe<>(task, features, rows, LinearModel.fit(rows, factor * linear.penalty()));
    }

    /**
     * Returns the features and the linear model on them as one network, which the task can measure.
     *
     * @return a network that shares the weights of the features
     */
    public Network network() {
        return new Network(Stream.concat(features.layers().stream(), linear.network().layers().stream())
                .toList());
    }

    /**
     * Makes this the classifier of an adapter. What the adapter does in the layers before it stays.
     *
     * @param adapter an adapter on the network of the task, which has a classifier of its own
     * @throws IllegalArgumentException if it has none that reads such rows
     * @throws IllegalStateException if it does not train
     */
    public void writeTo(AdapterView adapter) {
        linear.writeTo(adapter, task.network());
    }
}
