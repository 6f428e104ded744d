package org.lora4j;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.lora4j.nn.EffectiveLinear;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.Pass;
import org.lora4j.nn.Predictor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A frozen network with named adapters over it.
 *
 * <p>Adapters that are active take part, and several add up. The network's own arrays are never written to, so whatever
 * is added, merged or deleted, the base answers as it did, bit for bit.
 *
 * <p>Predictions may be asked for from any number of threads while others change the model: each sees one state of it.
 * {@link #using} gives a view with adapters of its own choice, without a global switch. Decorations registered on the
 * network's layers directly are no part of the model.
 */
public final class LoRAModel implements Model {
    /** The name that stands for no adapter in a mixed batch; PEFT's. */
    public static final String BASE = "__base__";

    private static final Logger log = LoggerFactory.getLogger(LoRAModel.class);

    private final Network network;
    private final Predictor predictor;
    private final MixedBatch mixedBatch;
    private volatile ModelState state;
    private int openScopes;

    private LoRAModel(Network network) {
        this.network = network;
        state = ModelState.of(network);
        predictor = new Predictor(this::newInferencePass);
        mixedBatch = new MixedBatch(network, predictor);
    }

    /**
     * Puts a model on a network, all of whose own parameters are frozen from here on, biases too.
     *
     * @param network the base
     * @return a model without adapters
     */
    public static LoRAModel of(Network network) {
        network.linears().forEach(LoRAParametrization::freeze);
        return new LoRAModel(network);
    }

    /**
     * The base.
     *
     * @return the network, frozen
     */
    public Network network() {
        return network;
    }

    /**
     * Adds an adapter at its beginning, trainable. The first adapter of a model is active at once; a later one leaves
     * those active that are.
     *
     * @param name its name, distinct
     * @param config ranks, α, variants, targets
     * @throws IllegalArgumentException if the name is blank, taken or reserved, the configuration does not fit the
     *     network, or it trains biases and another adapter does; nothing changes then
     */
    public synchronized void add(String name, LoRAConfig config) {
        requireNew(name);
        requireOnlyBiases(name, config);
        put(NamedAdapter.create(network, name, config));
    }

    /**
     * Adds an adapter from data, frozen; see {@link #setTrainable}. The arrays are copied. The first adapter of a model
     * is active at once; a later one leaves those active that are.
     *
     * @param name its name, distinct
     * @param adapter the data
     * @throws IllegalArgumentException if the name is blank, taken or reserved, the data do not fit the network, or they
     *     hold biases and another adapter does; nothing changes then
     */
    public synchronized void add(String name, LoRAAdapter adapter) {
        requireNew(name);
        requireOnlyBiases(name, adapter.config());
        put(NamedAdapter.of(network, name, adapter));
    }

    private void put(NamedAdapter adapter) {
        ModelState before = state;
        Map<String, NamedAdapter> adapters = new LinkedHashMap<>(before.adapters());
        adapters.put(adapter.name(), adapter);
        state = before.withAdapters(adapters, adapters.size() == 1 ? List.of(adapter.name()) : before.active());
        for (Parameter parameter : adapter.parameters()) {
            log.debug("adapter {}: {} is added", adapter.name(), parameter);
        }
    }

    private void requireNew(String name) {
        if (name.isBlank() || name.equals(BASE)) {
            throw new IllegalArgumentException(
                    "an adapter's name must not be blank or " + BASE + ", found '" + name + "'");
        }
        if (state.adapters().containsKey(name)) {
            throw new IllegalArgumentException("an adapter '" + name + "' exists already; there are "
                    + state.adapters().keySet());
        }
    }

    private void requireOnlyBiases(String name, LoRAConfig config) {
        if (config.bias() == BiasTraining.NONE) {
            return;
        }
        for (NamedAdapter other : state.adapters().values()) {
            if (!other.name().equals(name) && other.config().bias() != BiasTraining.NONE) {
                throw new IllegalArgumentException("only one adapter of a model can train biases, found bias "
                        + config.bias() + " beside adapter '" + other.name() + "' with bias "
                        + other.config().bias());
            }
        }
    }

    /**
     * Puts other weights, of the same or another rank, in the place of an adapter, at once: a prediction under way sees
     * the old ones to its end, a later one the new ones.
     *
     * @param name an adapter
     * @param adapter the data; frozen as those of {@link #add(String, LoRAAdapter)}
     * @throws IllegalArgumentException if there is no adapter of this name, the data do not fit the network, or they
     *     bring biases or layers that another adapter brings; nothing changes then
     */
    public synchronized void replace(String name, LoRAAdapter adapter) {
        ModelState before = state;
        before.adapter(name);
        requireOnlyBiases(name, adapter.config());
        Map<String, NamedAdapter> adapters = new LinkedHashMap<>(before.adapters());
        adapters.put(name, NamedAdapter.of(network, name, adapter));
        ModelState after = before.withAdapters(adapters, before.active());
        after.factored(after.active());
        state = after;
    }

    /**
     * Gives an adapter another name.
     *
     * @param name an adapter
     * @param newName its new name, distinct
     * @throws IllegalArgumentException if there is no such adapter, or the new name is blank, taken or reserved
     */
    public synchronized void rename(String name, String newName) {
        ModelState before = state;
        NamedAdapter renamed = before.adapter(name).rename(newName);
        requireNew(newName);
        Map<String, NamedAdapter> adapters = new LinkedHashMap<>();
        before.adapters().forEach((key, value) -> {
            boolean isIt = key.equals(name);
            adapters.put(isIt ? newName : key, isIt ? renamed : value);
        });
        state = before.withAdapters(
                adapters,
                before.active().stream()
                        .map(key -> key.equals(name) ? newName : key)
                        .toList());
    }

    /**
     * Deletes an adapter. If it was active, the others that are stay so.
     *
     * @param name an adapter
     * @throws IllegalArgumentException if there is none of this name
     */
    public synchronized void delete(String name) {
        ModelState before = state;
        before.adapter(name);
        Map<String, NamedAdapter> adapters = new LinkedHashMap<>(before.adapters());
        adapters.remove(name);
        state = before.withAdapters(
                adapters,
                before.active().stream().filter(key -> !key.equals(name)).toList());
    }

    /**
     * The names of all adapters.
     *
     * @return a set in the order of adding
     */
    public Set<String> names() {
        return state.adapters().keySet();
    }

    /**
     * The names of the active adapters.
     *
     * @return a list in the order of activation
     */
    public List<String> active() {
        return state.active();
    }

    /**
     * Makes exactly these adapters active.
     *
     * @param names adapters; none for the base alone
     * @throws IllegalArgumentException if one does not exist or is named twice, or two bring the same bias or layer;
     *     nothing changes then
     */
    public synchronized void activate(String... names) {
        state = state.withActive(select(names));
    }

    private List<String> select(String... names) {
        List<String> list = List.of(names);
        if (new LinkedHashSet<>(list).size() != list.size()) {
            throw new IllegalArgumentException("each adapter must be named once, found " + list);
        }
        state.factored(list);
        return list;
    }

    /**
     * Whether the active adapters take part.
     *
     * @return false while a scope of {@link #disable} is open
     */
    public boolean isEnabled() {
        return state.enabled();
    }

    /**
     * Lets the base answer alone until the scope is closed. Scopes may be nested or overlap; the adapters take part
     * again when the last one is closed.
     *
     * @return the scope, for a try statement
     */
    public synchronized Scope disable() {
        openScopes++;
        state = state.withEnabled(false);
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.getAndSet(false)) {
                closeScope();
            }
        };
    }

    private synchronized void closeScope() {
        openScopes--;
        state = state.withEnabled(openScopes == 0);
    }

    /** Something that lasts until it is closed; closing it again does nothing. */
    @FunctionalInterface
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Lets exactly these adapters train; all others, and the base, are frozen. Which of them get gradients also depends
     * on which are active.
     *
     * @param names adapters; none to freeze all
     * @throws IllegalArgumentException if one does not exist; nothing changes then
     */
    public synchronized void setTrainable(String... names) {
        List<String> chosen = select(names);
        state.adapters().forEach((name, adapter) -> adapter.setTrainable(chosen.contains(name)));
    }

    /**
     * A copy of an adapter as data, for files, other hosts and arithmetic. Where the beginning took from the base (PiSSA,
     * OLoRA) it is converted to an ordinary adapter of twice the rank against the untouched base.
     *
     * @param name an adapter
     * @return the data, which share no array with the model
     * @throws IllegalArgumentException if there is none of this name
     */
    public LoRAAdapter adapter(String name) {
        return state.adapter(name).snapshot();
    }

    /**
     * The parameters of an adapter, for inspection.
     *
     * @param name an adapter
     * @return its factors, magnitudes, biases and layers, trainable or not
     * @throws IllegalArgumentException if there is none of this name
     */
    public List<Parameter> parameters(String name) {
        return state.adapter(name).parameters();
    }

    /**
     * Whether a parameter is the factor B of one of the adapters, or its bias. In LoRA+ (<a
     * href="https://arxiv.org/abs/2402.12354">arXiv:2402.12354</a>) these train at a rate of their own.
     *
     * @param parameter any parameter
     * @return true for B and its bias, false for all others, whatever their names
     */
    public boolean isLoraB(Parameter parameter) {
        return state.adapters().values().stream().anyMatch(adapter -> adapter.isLoraB(parameter));
    }

    /**
     * Counts the parameters of the base and of an adapter's factors.
     *
     * @param name an adapter
     * @return the report
     * @throws IllegalArgumentException if there is none of this name
     */
    public ParameterReport parameterReport(String name) {
        Map<Linear, AdapterParametrization> parametrizations =
                state.adapter(name).parametrizations();
        return new ParameterReport(network.linears().stream()
                .map(linear -> ParameterReport.layer(linear, parametrizations.get(linear)))
                .toList());
    }

    /**
     * A view that computes with adapters of its own choice, whatever is active. Making one costs next to nothing, and
     * any number of them can be used at the same time.
     *
     * @param names adapters, which add up; none for the base alone
     * @return a view; its calls fail if an adapter is deleted in the meantime
     * @throws IllegalArgumentException if one does not exist or is named twice, or two bring the same bias or layer
     */
    public View using(String... names) {
        return new View(select(names));
    }

    /**
     * Computes the output with the active adapters. Safe from any number of threads.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @return a new array {@code [n, outputSize]}
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public INDArray predict(INDArray x) {
        return predictor.predict(x, state.selection());
    }

    /**
     * Computes the output with an adapter for each row. The rows are computed together: the base's part at once.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @param adapters the name of an adapter for each row, or {@value #BASE} for the base alone
     * @return a new array {@code [n, outputSize]}
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit, there is not one name for each
     *     row, or a name is unknown
     */
    public INDArray predict(INDArray x, List<String> adapters) {
        return mixedBatch.predict(state, x, adapters);
    }

    /**
     * Merges adapters into a plain network; base and adapters stay as they are.
     *
     * @param names adapters, which add up; none for those that are active
     * @return a network with arrays of its own, all trainable
     * @throws IllegalArgumentException if an adapter does not exist
     * @throws ArithmeticException if a merged weight or bias would be NaN or infinite; the message names the layer
     */
    public Network merge(String... names) {
        return merge(state, names.length == 0 ? state.active() : select(names));
    }

    private Network merge(ModelState from, List<String> names) {
        Network merged = network.materialize(from.factored(names)::get);
        for (Parameter parameter : merged.parameters()) {
            if (!parameter.isFinite()) {
                throw new ArithmeticException(parameter.name() + ": merged values must be finite, found NaN or an"
                        + " infinity; adapters are " + names);
            }
        }
        return merged;
    }

    /**
     * Keeps a merged copy of the active adapters beside the base, so that they cost nothing in predictions until
     * {@link #unmerge} drops it. It does not follow later training. The base is not written to. Views of other adapters
     * are not affected.
     *
     * @throws ArithmeticException if a merged weight or bias would be NaN or infinite; nothing changes then
     */
    public synchronized void mergeActive() {
        ModelState before = state;
        if (before.merged() != null && before.mergedNames().equals(before.active())) {
            log.warn("the adapters {} are merged already", before.active());
            return;
        }
        Network merged = merge(before, before.active());
        Map<Linear, EffectiveLinear> layers = new LinkedHashMap<>();
        merged.freeze();
        for (Linear linear : network.linears()) {
            layers.put(linear, merged.linear(linear.path()).effective());
        }
        state = before.withMerged(before.active(), layers);
    }

    /** Drops the merged copy. What is computed afterwards equals, bit for bit, what was before it was made. */
    public synchronized void unmerge() {
        state = state.withMerged(List.of(), null);
    }

    /**
     * Whether there is a merged copy of the active adapters.
     *
     * @return true between {@link #mergeActive} and {@link #unmerge}, unless adapters were changed or others activated
     */
    public boolean isMerged() {
        ModelState now = state;
        return now.merged() != null && now.mergedNames().equals(now.active());
    }

    @Override
    public long inputSize() {
        return network.inputSize();
    }

    @Override
    public long outputSize() {
        return network.outputSize();
    }

    @Override
    public DataType dataType() {
        return network.dataType();
    }

    /** {@inheritDoc} The active adapters train, as far as they are trainable; merged copies are not used. */
    @Override
    public Pass newTrainingPass() {
        if (state.merged() != null) {
            log.warn("the merged copy of {} does not follow the training; unmerge drops it", state.mergedNames());
        }
        return new Pass(network, true, () -> {
            ModelState now = state;
            return now.factored(now.enabled() ? now.active() : List.of())::get;
        });
    }

    @Override
    public Pass newInferencePass() {
        return new Pass(network, false, () -> state.selection());
    }

    @Override
    public String toString() {
        ModelState now = state;
        return "LoRAModel" + now.adapters().values() + " active " + now.active();
    }

    /** A {@link LoRAModel} seen with adapters of one's own choice. Immutable, for any number of threads. */
    public final class View implements Model {
        private final List<String> names;

        private View(List<String> names) {
            this.names = names;
        }

        /**
         * The adapters of this view.
         *
         * @return their names
         */
        public List<String> names() {
            return names;
        }

        /**
         * Computes the output with the adapters of this view.
         *
         * @param x the input {@code [n, inputSize]}; not written to
         * @return a new array {@code [n, outputSize]}
         * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit, or an adapter was deleted
         */
        public INDArray predict(INDArray x) {
            return predictor.predict(x, selection());
        }

        private Function<Linear, EffectiveLinear> selection() {
            return state.selection(names);
        }

        @Override
        public long inputSize() {
            return network.inputSize();
        }

        @Override
        public long outputSize() {
            return network.outputSize();
        }

        @Override
        public DataType dataType() {
            return network.dataType();
        }

        @Override
        public Pass newTrainingPass() {
            return new Pass(network, true, () -> state.factored(names)::get);
        }

        @Override
        public Pass newInferencePass() {
            return new Pass(network, false, this::selection);
        }

        @Override
        public String toString() {
            return "LoRAModel using " + names;
        }
    }
}
