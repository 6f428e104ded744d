package org.lora4j.samediff;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.internal.NamedAdapters;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.train.DivergedException;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A SameDiff graph with frozen weights and named adapters (LoRA, <a
 * href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>).
 *
 * <pre>{@code
 * SameDiffLoRA lora = SameDiffLoRA.of(graph);            // every variable of the graph is frozen from here on
 * lora.add("spam", LoRAConfig.of(8, 16));
 * lora.train("spam");
 * graph.fit(data, 3);                                    // trains A and B of "spam" alone
 * INDArray y = lora.using("spam").output(feed, "logits").get("logits");
 * INDArray base = lora.base().output(feed, "logits").get("logits");
 * lora.save("spam", Path.of("adapters/spam"));           // a folder that Python's PEFT opens
 * }</pre>
 *
 * <p>An operation {@code y = op(x, W)} becomes {@code y = op(x, W) + s·B·A·x}, for {@code matmul}, {@code xw_plus_b},
 * {@code conv2d} and {@code gather} on a constant or variable W. The variable y keeps its name and its consumers.
 *
 * <p>A {@link View} computes with the adapters that it names, whatever the graph itself computes with. The graph's own
 * calls ({@code fit}, {@code output}, {@code evaluate}, {@code save}) compute with the <em>active</em> adapters: the one
 * being trained after {@link #train}, those named after {@link #activate}, and none at first.
 *
 * <p>The weights of the base are never written to. Any number of threads can compute with views; they keep no session
 * behind. Calls that change which adapters the graph computes with must not run beside the graph's own calls.
 */
public final class SameDiffLoRA implements BaseModel {
    private static final Logger log = LoggerFactory.getLogger(SameDiffLoRA.class);

    private final SameDiff graph;
    private final List<String> frozen;
    private final List<GraphLayer> layers;
    private final Map<String, String> refused;

    private final AdaptedGraph adapted;
    private NamedAdapters<GraphAdapter> adapters = NamedAdapters.none();

    private SameDiffLoRA(SameDiff graph, UnaryOperator<String> paths) {
        this.graph = graph;
        GraphLayers.Found found = GraphLayers.find(graph, paths);
        layers = found.layers();
        refused = found.refused();
        SupportedGraphs.requireLayers(found);
        adapted = new AdaptedGraph(graph, layers);
        List<SDVariable> variables = graph.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.VARIABLE)
                .toList();
        frozen = variables.stream().map(SDVariable::name).toList();
        graph.convertToConstants(variables);
    }

    /**
     * Freezes all variables of a graph, so that adapters can be added to it. The module path of a weight is the name of its
     * variable without {@code .weight} at the end.
     *
     * @param graph the base; its variables become constants, and the state of their updaters is dropped
     * @return the graph without adapters
     * @throws IllegalArgumentException if the graph has adapters already or an {@code ifCond}, has no weight that can be
     *     adapted, or has weights of several types
     */
    public static SameDiffLoRA of(SameDiff graph) {
        return of(graph, name -> name.endsWith(".weight") ? name.substring(0, name.length() - 7) : name);
    }

    /**
     * Freezes all variables of a graph, so that adapters can be added to it.
     *
     * @param graph the base; its variables become constants, and the state of their updaters is dropped
     * @param paths returns the module path of a weight from the name of its variable. Use the paths of the PyTorch model to
     *     exchange adapters with Python
     * @return the graph without adapters
     * @throws IllegalArgumentException if the graph has adapters already or an {@code ifCond}, has no weight that can be
     *     adapted, has weights of several types, or two weights get the same path
     */
    public static SameDiffLoRA of(SameDiff graph, UnaryOperator<String> paths) {
        Objects.requireNonNull(graph, "graph must not be null");
        Objects.requireNonNull(paths, "paths must not be null");
        SupportedGraphs.requirePlain(graph);
        return new SameDiffLoRA(graph, paths);
    }

    /**
     * Returns the graph.
     *
     * @return the graph, which computes with the active adapters
     */
    public SameDiff graph() {
        return graph;
    }

    /**
     * Returns the layers that adapters can be applied to: the weights that an operation uses in a known way.
     *
     * @return the layers in the order of the graph's operations
     */
    @Override
    public List<? extends BaseLayer> baseLayers() {
        return layers;
    }

    /**
     * Returns the weights that cannot be adapted, with the reasons.
     *
     * @return reasons by module path
     */
    public Map<String, String> refused() {
        return refused;
    }

    /**
     * Adds an adapter at its initialization. The graph computes as before. If the default of the target modules leaves out
     * layers that can be adapted, this is logged as information.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param config ranks, α and target modules. DoRA and dropout are refused
     * @return the view of this adapter
     * @throws IllegalArgumentException if the name is refused or the configuration does not fit the graph; nothing changes
     *     then
     */
    public synchronized View add(String name, LoRAConfig config) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        adapters.requireNew(name);
        SupportedGraphs.requireSupported(name, config);
        SupportedGraphs.requireNoDropout(name, config);
        SupportedGraphs.requireNoRefusedTarget(name, config, refused);
        put(name, () -> LoRAAdapter.initialize(this, config));
        ModuleSelection.leftOut(this, config).ifPresent(message -> log.info("adapter {}: {}", name, message));
        return view(List.of(name));
    }

    /**
     * Adds an adapter from data. The arrays are copied. The graph computes as before.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param adapter the data; DoRA is refused
     * @return the view of this adapter
     * @throws IllegalArgumentException if the name is refused or the data do not fit the graph; nothing changes then
     */
    public synchronized View add(String name, LoRAAdapter adapter) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        adapters.requireNew(name);
        SupportedGraphs.requireSupported(name, adapter.config());
        put(name, () -> {
            adapter.requireFits(this);
            return new LoRAAdapter.Initialized(adapter, Map.of());
        });
        return view(List.of(name));
    }

    private void put(String name, Supplier<LoRAAdapter.Initialized> create) {
        adapters = adapters.add(name, new GraphAdapter(name, layers, NamedAdapters.named(name, create)));
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it. If the adapter was saved with
     * another base, a warning is logged.
     *
     * @param name its name in this graph
     * @param folder the folder
     * @return the view of this adapter
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter)}
     */
    public View load(String name, Path folder) throws IOException {
        return load(name, folder, ReadOptions.defaults());
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it.
     *
     * @param name its name in this graph
     * @param folder the folder
     * @param options what to do if the adapter was saved with another base, and how much is read
     * @return the view of this adapter
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter)}
     */
    public View load(String name, Path folder, ReadOptions options) throws IOException {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(options, "options must not be null");
        return add(name, PeftAdapters.load(folder, this, options));
    }

    /**
     * Saves an adapter to a folder that this library and Python's PEFT open, with fingerprints of the base.
     *
     * @param name an adapter
     * @param folder the folder, created if it does not exist
     * @throws IOException if the files cannot be written
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public void save(String name, Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        PeftAdapters.save(adapter(name), this, folder);
    }

    /**
     * Makes the graph train one adapter, and compute with it alone. {@code graph.fit} changes the arrays of this adapter
     * and nothing else, until another adapter is trained or activated. The updater of the graph starts anew for it: without
     * state, and at the first iteration.
     *
     * <p>From then on, {@code graph.fit} throws a {@link DivergedException} if a loss or an array of the adapter is NaN or
     * infinite. The arrays and the state of their updaters are then those before this iteration. A listener of the graph
     * checks this; {@code graph.setListeners} removes it.
     *
     * @param name an adapter
     * @throws IllegalArgumentException if there is no adapter of this name, or its configuration has dropout
     * @throws IllegalStateException if an operation after an adapted one has no gradient in ND4J, the message lists all; or
     *     if an operation was added to the graph that uses an adapted weight. Nothing changes then
     */
    public synchronized void train(String name) {
        GraphAdapter adapter = adapters.get(name);
        SupportedGraphs.requireNoDropout(name, adapter.config());
        if (adapted.trained().filter(name::equals).isPresent()) {
            return;
        }
        TrainingCheck.require(
                graph,
                layers.stream()
                        .filter(layer -> adapter.factors(layer) != null || adapter.replaces(layer))
                        .flatMap(layer -> layer.uses().stream())
                        .toList());
        adapted.connect(List.of(adapter), true);
    }

    /**
     * Makes the graph compute with exactly these adapters, all frozen.
     *
     * @param names adapters, whose updates add up; none for the base alone, bit for bit
     * @throws IllegalArgumentException if one does not exist or is named twice, or two replace the same bias or weight;
     *     nothing changes then
     * @throws IllegalStateException if an operation was added to the graph that uses an adapted weight; nothing changes
     *     then
     */
    public synchronized void activate(String... names) {
        Objects.requireNonNull(names, "names must not be null");
        adapted.connect(select(Arrays.asList(names)), false);
    }

    /**
     * Returns the names of all adapters.
     *
     * @return a set in the order in which they were added
     */
    public synchronized Set<String> names() {
        return adapters.names();
    }

    /**
     * Returns the adapters that the graph computes with.
     *
     * @return their names
     */
    public synchronized List<String> active() {
        return adapted.active();
    }

    /**
     * Returns the adapter that {@code graph.fit} trains.
     *
     * @return its name; empty if all are frozen
     */
    public synchronized Optional<String> trained() {
        return adapted.trained();
    }

    /**
     * Returns a view that computes with the named adapters, whatever is active.
     *
     * @param names one or more adapters, whose updates add up
     * @return the view
     * @throws IllegalArgumentException if there is no name, an adapter does not exist or is named twice, or two replace
     *     the same bias or weight
     */
    public synchronized View using(String... names) {
        List<String> named = requireNamed("using", names);
        List<GraphAdapter> unused = select(named);
        return view(named);
    }

    private static List<String> requireNamed(String call, String... names) {
        Objects.requireNonNull(names, "names must not be null");
        if (names.length == 0) {
            throw new IllegalArgumentException(
                    call + ": at least one adapter must be named, found none; base() is the view of the base alone");
        }
        return Arrays.asList(names);
    }

    /**
     * Returns the view of the base alone, whatever is active.
     *
     * @return a view without adapters, which computes the bits of the original graph
     */
    public View base() {
        return view(List.of());
    }

    private View view(List<String> names) {
        return new View(this, names);
    }

    /** The adapters of some names. They can be applied together. */
    private List<GraphAdapter> select(List<String> names) {
        List<GraphAdapter> selected = adapters.select(names);
        layers.forEach(layer -> adapters.requireOneReplaces(names, layer.path(), adapter -> adapter.replaces(layer)));
        return selected;
    }

    /** A graph on the same arrays that computes with some adapters. */
    synchronized SameDiff copy(List<String> names) {
        return adapted.copy(select(names));
    }

    /**
     * Copies an adapter as data.
     *
     * @param name an adapter
     * @return the data, an update of the original base, which share no array with the graph
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public synchronized LoRAAdapter adapter(String name) {
        return adapters.get(name).snapshot(layers);
    }

    /**
     * Counts the parameters of the base and of an adapter's factors.
     *
     * @param name an adapter
     * @return the report
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public ParameterReport parameterReport(String name) {
        LoRAAdapter adapter = adapter(name);
        return ParameterReport.of(this, adapter.config(), adapter.weights());
    }

    /**
     * Merges adapters into a plain graph. This graph stays as it is.
     *
     * @param names one or more adapters, whose updates add up
     * @return a graph with arrays of its own and without anything of this library, whose variables train as those of the
     *     graph did before {@link #of(SameDiff)}. A layer whose bias was shared and trained has a variable of its own for
     *     it. The graph has the losses of this one, and no training configuration
     * @throws IllegalArgumentException if there is no name, one does not exist or is named twice, two replace the same
     *     bias or weight, or a bias of B belongs to a layer without bias
     * @throws IllegalStateException if an operation was added to the graph that uses an adapted weight
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public synchronized SameDiff merge(String... names) {
        List<GraphAdapter> chosen = select(requireNamed("merge", names));
        List<LoRAAdapter> merged =
                chosen.stream().map(adapter -> adapter.snapshot(layers)).toList();
        SameDiff copy = adapted.plainCopy(chosen);
        Graphs.detach(copy);
        layers.forEach(layer -> MergedLayer.of(layer, merged).writeTo(copy, Set.copyOf(frozen)));
        copy.convertToVariables(frozen.stream().map(copy::getVariable).toList());
        return copy;
    }

    /**
     * Deletes an adapter. If it is active, the graph computes with the other active ones from then on. Without active
     * adapters the graph has the operations, variables and consumers that it had before.
     *
     * @param name an adapter
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public synchronized void delete(String name) {
        NamedAdapters<GraphAdapter> others = adapters.delete(name);
        List<String> active = adapted.active();
        if (active.contains(name)) {
            List<String> stillActive =
                    active.stream().filter(other -> !other.equals(name)).toList();
            adapted.connect(select(stillActive), false);
        }
        adapters = others;
        adapted.forgetCopies();
    }

    /** Deletes all adapters, and makes the variables trainable that were when the graph was frozen. */
    public synchronized void restore() {
        adapted.connect(List.of(), false);
        adapters = NamedAdapters.none();
        adapted.forgetCopies();
        graph.convertToVariables(frozen.stream().map(graph::getVariable).toList());
    }

    @Override
    public synchronized String toString() {
        return "SameDiffLoRA" + adapters + " active " + adapted.active();
    }

    /**
     * Computes with some adapters of a {@link SameDiffLoRA}, whatever the graph itself computes with.
     *
     * <p>A view finds its adapters by name at each call. If one was deleted, the call fails.
     *
     * <p>Immutable. Any number of threads can use a view at the same time.
     */
    public static final class View {
        private final SameDiffLoRA lora;
        private final List<String> names;

        View(SameDiffLoRA lora, List<String> names) {
            this.lora = lora;
            this.names = List.copyOf(names);
        }

        /**
         * Returns the adapters of this view.
         *
         * @return their names; empty for the view of the base
         */
        public List<String> names() {
            return names;
        }

        /**
         * Computes outputs with the adapters of this view, whose updates add up. The graph is not changed.
         *
         * @param placeholders the values of the placeholders by name
         * @param outputs the names of variables
         * @return their values by name, new arrays
         * @throws IllegalArgumentException if an adapter was deleted
         * @throws IllegalStateException if an operation was added to the graph that uses an adapted weight
         */
        public Map<String, INDArray> output(Map<String, INDArray> placeholders, String... outputs) {
            Objects.requireNonNull(placeholders, "placeholders must not be null");
            Objects.requireNonNull(outputs, "outputs must not be null");
            SupportedGraphs.requireNamesAndValues(placeholders, outputs);
            // A session of SameDiff belongs to one thread and keeps arrays, so it ends with the call.
            return new InferenceSession(lora.copy(names))
                    .output(Arrays.asList(outputs), placeholders, null, null, null, At.defaultAt(Operation.INFERENCE));
        }

        @Override
        public String toString() {
            return "SameDiffLoRA.View" + names;
        }
    }
}
