package org.lora4j.model.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.ExampleOutputs;
import org.lora4j.nn.batch.internal.Inputs;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.compute.internal.Predictor;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The adapters of a model at one moment, for predictions that must not see a change of the model between them, also of batches in which
 * each example has its own adapter. It shares the arrays with the model, so it sees a training of its adapters, and keeps the memory of
 * deleted ones.
 *
 * <p>Immutable. Any number of threads can use a snapshot at the same time.
 */
public final class ModelSnapshot {
    private final Network network;
    private final Predictor predictor;
    private final ModelState state;

    /** What the base computes with; null for the model as it is. */
    private final @Nullable EffectiveLayers alone;

    public ModelSnapshot(Network network, Predictor predictor, ModelState state, @Nullable EffectiveLayers alone) {
        this.network = network;
        this.predictor = predictor;
        this.state = state;
        this.alone = alone;
    }

    /** Whether both are of the same state of one model. */
    public boolean isSame(ModelSnapshot other) {
        return state == other.state;
    }

    /** The names of all adapters, in the order in which they were added. */
    public Set<String> names() {
        return state.adapters().names();
    }

    /**
     * Returns which adapter a name stands for.
     *
     * @param adapter the name of an adapter, or that of the base
     * @return the adapter, or null for the base alone
     * @throws IllegalArgumentException if the snapshot has no such adapter
     */
    public @Nullable UsedAdapter used(String adapter) {
        Supplier<UsedAdapter> later = usedLater(adapter);
        return later == null ? null : later.get();
    }

    /**
     * Returns which adapter a name stands for, as {@link #used} does, and computes its fingerprint only when it is asked for.
     *
     * @param adapter the name of an adapter, or that of the base
     * @return the adapter, with the content that it has when this is called; null for the base alone
     * @throws IllegalArgumentException if the snapshot has no such adapter
     */
    public @Nullable Supplier<UsedAdapter> usedLater(String adapter) {
        if (adapter.equals(AdapterNames.BASE)) {
            return null;
        }
        AppliedAdapter applied = state.adapter(adapter);
        return () -> new UsedAdapter(adapter, applied.fingerprint());
    }

    /**
     * Returns the fingerprint of an adapter if it is known, which takes no time.
     *
     * @param adapter a name
     * @return the fingerprint, or null if it was not computed yet, the adapter can train, or there is none
     */
    public @Nullable String knownFingerprint(String adapter) {
        AppliedAdapter found = state.adapters().find(adapter);
        return found == null ? null : found.knownFingerprint();
    }

    /**
     * Returns the model with one adapter as it is in this snapshot.
     *
     * @param adapter the name of an adapter, or that of the base
     * @return a model that sees no later replacement
     * @throws IllegalArgumentException if the snapshot has no such adapter, or it has an end of its own
     */
    public Model model(String adapter) {
        EffectiveLayers layers = state.forPrediction(applied(adapter));
        if (!isOfModel(layers)) {
            throw new IllegalArgumentException("the adapter must be one for the end of the model, found "
                    + MessageText.quote(adapter) + " with an end of its own");
        }
        return new PinnedModel(network.stack(), predictor, layers);
    }

    /**
     * Computes the output with one adapter.
     *
     * @param x rows, or sequences
     * @param adapter the name of an adapter, or that of the base
     * @return a new array
     * @throws IllegalArgumentException if the input does not fit the base, or the snapshot has no such adapter
     */
    public INDArray predict(Input x, String adapter) {
        return predictor.predict(
                x, isOfEnd(adapter) ? Objects.requireNonNull(alone) : state.forPrediction(applied(adapter)));
    }

    /**
     * Computes the output with an adapter for each example. Each layer computes one product with the base weight for all rows, and each
     * adapter adds its updates to its own rows, or computes them with its own copy of the layer.
     *
     * @param x rows, or sequences
     * @param adapters the name of an adapter for each example, or that of the base
     * @return a new array with a row for each example, or for each token if there is no pooling
     * @throws IllegalArgumentException if the input does not fit, there is not one name for each example, the snapshot has no such
     *     adapter, or their heads have different numbers of outputs
     */
    public INDArray predict(Input x, List<String> adapters) {
        ExampleAdapters chosen = choose(x, adapters);
        chosen.requireOneArray();
        return chosen.haveOutputsOfBase()
                ? predictor.predictSegments(x, chosen::divide)
                : each(x, chosen).of(0, x.count());
    }

    /**
     * Computes the output with an adapter for each example, as {@link #predict(Input, List)} does, where the heads of the adapters may
     * have different numbers of outputs.
     *
     * @param x rows, or sequences
     * @param adapters the name of an adapter for each example, or that of the base
     * @return the output of each example
     * @throws IllegalArgumentException if the input does not fit, there is not one name for each example, or the snapshot has no such
     *     adapter
     */
    public ExampleOutputs predictEach(Input x, List<String> adapters) {
        ExampleAdapters chosen = choose(x, adapters);
        return chosen.haveOutputsOfBase()
                ? ExampleOutputs.of(predictor.predictSegments(x, chosen::divide), x, network.stack(), chosen::layers)
                : each(x, chosen);
    }

    private ExampleOutputs each(Input x, ExampleAdapters chosen) {
        return predictor.predictEach(x, chosen::layers, chosen::divide);
    }

    private ExampleAdapters choose(Input x, List<String> adapters) {
        Inputs.requirePredictable(x, network.stack());
        requireNames(adapters, x);
        return new ExampleAdapters(network.stack(), adapters, this::factored);
    }

    /**
     * Computes the output of one input with each of several adapters. The layers below the first one that an adapter changes are computed
     * once.
     *
     * @param x rows, or sequences
     * @param adapters the names of adapters, or that of the base
     * @return the outputs in the order of the adapters, each an array of its own
     * @throws IllegalArgumentException if the input does not fit, no adapter is named, or the snapshot has no such adapter
     */
    public List<INDArray> predictWithAll(Input x, List<String> adapters) {
        Inputs.requirePredictable(x, network.stack());
        requireNamed(adapters);
        List<String> distinct = List.copyOf(new LinkedHashSet<>(adapters));
        boolean areOfModel = distinct.stream().allMatch(name -> isOfModel(factored(name)));
        List<INDArray> outputs = distinct.size() == 1 || !areOfModel
                ? distinct.stream().map(name -> predict(x, name)).toList()
                : predictor.predictWithAll(
                        x,
                        state.factored(List.of()),
                        distinct.stream().map(this::factored).toList());
        List<INDArray> inOrder = new ArrayList<>();
        Set<String> given = new HashSet<>();
        for (String name : adapters) {
            INDArray y = outputs.get(distinct.indexOf(name));
            inOrder.add(given.add(name) ? y : y.dup('c'));
        }
        return inOrder;
    }

    private static void requireNamed(List<String> adapters) {
        if (adapters.isEmpty()) {
            throw new IllegalArgumentException("at least one adapter must be named, or '" + AdapterNames.BASE
                    + "' for the base alone, found none");
        }
        for (String name : adapters) {
            if (name == null) {
                throw new IllegalArgumentException("each name must be that of an adapter, or '" + AdapterNames.BASE
                        + "' for the base alone, found null in " + adapters);
            }
        }
    }

    /**
     * Returns the number of outputs with an adapter.
     *
     * @param adapter the name of an adapter, or that of the base
     * @return that of its head
     * @throws IllegalArgumentException if the snapshot has no such adapter
     */
    public long outputSize(String adapter) {
        return network.stack().outputSize(factored(adapter));
    }

    /**
     * Returns whether the outputs with some adapters are rows of one array.
     *
     * @param adapters the names of adapters, or that of the base; at least one
     * @return true if their heads have the same number of outputs, and all of them a row for each token, or all one for each example
     * @throws IllegalArgumentException if the snapshot has no such adapter
     */
    public boolean fitOneArray(List<String> adapters) {
        LayerStack stack = network.stack();
        List<EffectiveLayers> all =
                adapters.stream().distinct().map(this::factored).toList();
        return all.stream().mapToLong(stack::outputSize).distinct().count() == 1
                && all.stream().map(stack::outputRows).distinct().count() == 1;
    }

    private EffectiveLayers factored(String adapter) {
        return isOfEnd(adapter) ? Objects.requireNonNull(alone) : state.factored(applied(adapter));
    }

    private boolean isOfModel(EffectiveLayers layers) {
        return layers.stack(network.stack()) == network.stack();
    }

    /** Whether it is the base, which computes another end. */
    private boolean isOfEnd(String adapter) {
        return alone != null && adapter.equals(AdapterNames.BASE);
    }

    private static List<String> applied(String adapter) {
        return adapter.equals(AdapterNames.BASE) ? List.of() : List.of(adapter);
    }

    private static void requireNames(List<String> names, Input x) {
        boolean isRows = x instanceof FeatureRows;
        String example = isRows ? "row" : "sequence";
        if (x.count() != names.size()) {
            throw new IllegalArgumentException("there must be one adapter for each " + example + " of the input, found "
                    + names.size() + " for "
                    + (isRows ? Arrays.toString(Inputs.rows(x).shape()) : x.toString()));
        }
        // Not with contains: immutable lists refuse to look for null.
        for (int i = 0; i < names.size(); i++) {
            if (names.get(i) == null) {
                throw new IllegalArgumentException("each " + example + " must have the name of an adapter, or '"
                        + AdapterNames.BASE + "' for the base alone, found null for " + example + " " + i);
            }
        }
    }
}
