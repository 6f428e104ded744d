package org.lora4j.samediff;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.InitializedAdapter;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.Names;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.PeftAdapters;
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
 * SameDiffLoRA lora = SameDiffLoRA.on(graph);            // every variable of the graph is frozen from here on
 * lora.add("spam", LoRAConfig.of(8, 16));
 * lora.train("spam");
 * graph.fit(data, 3);                                    // trains A and B of "spam" alone
 * INDArray y = lora.output(feed, "spam", "logits").get("logits");
 * INDArray base = lora.output(feed, List.of(), "logits").get("logits");
 * lora.save("spam", Path.of("adapters/spam"));           // a folder that Python's PEFT opens
 * }</pre>
 *
 * <p>An operation {@code y = op(x, W)} becomes {@code y = op(x, W) + s·B·A·x}, for {@code matmul}, {@code xw_plus_b},
 * {@code conv2d} and {@code gather} on a constant or variable W. The variable y keeps its name and its consumers.
 *
 * <p>{@link #output} computes with the adapters that it names, whatever the graph itself computes with. The graph's own
 * calls ({@code fit}, {@code output}, {@code evaluate}, {@code save}) compute with the <em>active</em> adapters: the one
 * being trained after {@link #train}, those named after {@link #activate}, and none at first.
 *
 * <p>The weights of the base are never written to. Any number of threads can call {@link #output}; it keeps no session
 * behind. Calls that change which adapters the graph computes with must not run beside the graph's own calls.
 */
public final class SameDiffLoRA implements BaseModel {
    private static final Logger log = LoggerFactory.getLogger(SameDiffLoRA.class);

    private final SameDiff graph;
    private final List<String> frozen;
    private final List<GraphLayer> layers;
    private final Map<String, String> refused;

    private final Map<String, GraphAdapter> adapters = new LinkedHashMap<>();
    private final Map<List<String>, SameDiff> copies = new HashMap<>();
    private List<String> active = List.of();
    private @Nullable String trained;
    private @Nullable Connection connection;

    /** The number of operations and variables when the copies were made; the user can add some. */
    private int copiedSize;

    private SameDiffLoRA(SameDiff graph, UnaryOperator<String> paths) {
        this.graph = graph;
        GraphLayers.Found found = GraphLayers.find(graph, paths);
        layers = found.layers();
        refused = found.refused();
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "a graph must have a weight that matmul, xw_plus_b, conv2d or gather computes with, found none"
                            + (refused.isEmpty() ? "" : "; refused are " + refused));
        }
        if (layers.stream().map(GraphLayer::dataType).distinct().count() > 1) {
            throw new IllegalArgumentException("all weights must have one type, found "
                    + layers.stream().map(GraphLayer::dataType).distinct().toList());
        }
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
     * @throws IllegalArgumentException if the graph has adapters already, has no weight that can be adapted, or has weights
     *     of several types
     */
    public static SameDiffLoRA on(SameDiff graph) {
        return on(graph, name -> name.endsWith(".weight") ? name.substring(0, name.length() - 7) : name);
    }

    /**
     * Freezes all variables of a graph, so that adapters can be added to it.
     *
     * @param graph the base; its variables become constants, and the state of their updaters is dropped
     * @param paths returns the module path of a weight from the name of its variable. Use the paths of the PyTorch model to
     *     exchange adapters with Python
     * @return the graph without adapters
     * @throws IllegalArgumentException if the graph has adapters already, has no weight that can be adapted, has weights
     *     of several types, or two weights get the same path
     */
    public static SameDiffLoRA on(SameDiff graph, UnaryOperator<String> paths) {
        Objects.requireNonNull(graph, "graph must not be null");
        Objects.requireNonNull(paths, "paths must not be null");
        List<String> left = graph.getVariables().keySet().stream()
                .filter(name -> name.startsWith(GraphAdapter.PREFIX))
                .toList();
        if (!left.isEmpty()) {
            throw new IllegalArgumentException("the graph must have no adapters yet, found variables "
                    + Names.list(left) + "; save a graph after activate() without names, and adapters by save");
        }
        graph.getOps().values().stream()
                .filter(op -> op.getOp().opName().equals("precise_gelu"))
                .forEach(op -> log.warn(
                        "{}: preciseGelu of ND4J computes wrong values; use 0.5·x·(1 + erf(x/√2))", Graphs.label(op)));
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
     * Adds an adapter at its initialization. The graph computes as before.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param config ranks, α and target modules. DoRA and dropout are refused
     * @throws IllegalArgumentException if the name is refused or the configuration does not fit the graph; nothing changes
     *     then
     */
    public synchronized void add(String name, LoRAConfig config) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        requireNew(name);
        requireSupported(name, config);
        requireNoDropout(name, config);
        requireNoRefusedTarget(name, config);
        put(name, named(name, () -> LoRAAdapter.initialize(this, config)));
    }

    /**
     * Adds an adapter from data. The arrays are copied. The graph computes as before.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param adapter the data; DoRA is refused
     * @throws IllegalArgumentException if the name is refused or the data do not fit the graph; nothing changes then
     */
    public synchronized void add(String name, LoRAAdapter adapter) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        requireNew(name);
        requireSupported(name, adapter.config());
        put(name, named(name, () -> {
            adapter.requireFits(this);
            return new InitializedAdapter(adapter, Map.of());
        }));
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it. If the adapter was saved with
     * another base, a warning is logged.
     *
     * @param name its name in this graph
     * @param folder the folder
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter)}
     */
    public void load(String name, Path folder) throws IOException {
        load(name, folder, FingerprintCheck.WARN);
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it.
     *
     * @param name its name in this graph
     * @param folder the folder
     * @param check what to do if the adapter was saved with another base
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter)}
     */
    public void load(String name, Path folder, FingerprintCheck check) throws IOException {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(check, "check must not be null");
        add(name, PeftAdapters.load(folder, this, check));
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
     * @param name an adapter
     * @throws IllegalArgumentException if there is no adapter of this name, or its configuration has dropout
     * @throws IllegalStateException if an operation after an adapted one has no gradient in ND4J; the message lists all.
     *     Nothing changes then
     */
    public synchronized void train(String name) {
        GraphAdapter adapter = require(name);
        requireNoDropout(name, adapter.config());
        if (name.equals(trained)) {
            return;
        }
        TrainingCheck.require(
                graph,
                layers.stream()
                        .filter(layer -> adapter.factors(layer) != null || adapter.replaces(layer))
                        .flatMap(layer -> layer.uses().stream())
                        .toList());
        connect(List.of(name), name);
    }

    /**
     * Makes the graph compute with exactly these adapters, all frozen.
     *
     * @param names adapters, whose updates add up; none for the base alone, bit for bit
     * @throws IllegalArgumentException if one does not exist or is named twice, or two replace the same bias or weight;
     *     nothing changes then
     */
    public synchronized void activate(String... names) {
        Objects.requireNonNull(names, "names must not be null");
        connect(requireSelectable(Arrays.asList(names)), null);
    }

    /**
     * Returns the names of all adapters.
     *
     * @return a set in the order in which they were added
     */
    public synchronized Set<String> names() {
        return new LinkedHashSet<>(adapters.keySet());
    }

    /**
     * Returns the adapters that the graph computes with.
     *
     * @return their names
     */
    public synchronized List<String> active() {
        return active;
    }

    /**
     * Returns the adapter that {@code graph.fit} trains.
     *
     * @return its name; empty if all are frozen
     */
    public synchronized Optional<String> trained() {
        return Optional.ofNullable(trained);
    }

    /**
     * Computes outputs with one adapter, whatever is active. The graph is not changed.
     *
     * @param placeholders the values of the placeholders by name
     * @param adapter an adapter
     * @param outputs the names of variables
     * @return their values by name, new arrays
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, String adapter, String... outputs) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        return output(placeholders, List.of(adapter), outputs);
    }

    /**
     * Computes outputs with some adapters, or with the base alone, whatever is active. The graph is not changed.
     *
     * @param placeholders the values of the placeholders by name
     * @param adapters adapters, whose updates add up; none for the base alone, bit for bit
     * @param outputs the names of variables
     * @return their values by name, new arrays
     * @throws IllegalArgumentException if an adapter does not exist or is named twice, or two replace the same bias or
     *     weight
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, List<String> adapters, String... outputs) {
        Objects.requireNonNull(placeholders, "placeholders must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        Objects.requireNonNull(outputs, "outputs must not be null");
        // A session of SameDiff belongs to one thread and keeps arrays, so it ends with the call.
        return new InferenceSession(copy(adapters))
                .output(Arrays.asList(outputs), placeholders, null, null, null, At.defaultAt(Operation.INFERENCE));
    }

    /** A graph on the same arrays that computes with some adapters. */
    private synchronized SameDiff copy(List<String> names) {
        List<String> selected = requireSelectable(names);
        int size = graph.getOps().size() + graph.getVariables().size();
        if (size != copiedSize) {
            copies.clear();
            copiedSize = size;
        }
        return copies.computeIfAbsent(selected, key -> {
            SameDiff copy = plainCopy();
            if (!key.isEmpty()) {
                Connection unused = Connection.connect(copy, layers, selected(key), false);
            }
            return copy;
        });
    }

    private SameDiff plainCopy() {
        SameDiff copy = Graphs.sharing(graph);
        if (connection != null) {
            connection.undo(copy);
        }
        return copy;
    }

    /**
     * Copies an adapter as data.
     *
     * @param name an adapter
     * @return the data, an update of the original base, which share no array with the graph
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public synchronized LoRAAdapter adapter(String name) {
        return require(name).snapshot(layers);
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
     *     graph did before {@link #on(SameDiff)}. It has the losses of the graph, and no training configuration
     * @throws IllegalArgumentException if there is no name, one does not exist or is named twice, two replace the same
     *     bias or weight, or a bias of B belongs to a layer without bias
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public synchronized SameDiff merge(String... names) {
        Objects.requireNonNull(names, "names must not be null");
        if (names.length == 0) {
            throw new IllegalArgumentException("merge: at least one adapter must be named, found none");
        }
        List<LoRAAdapter> merged = requireSelectable(Arrays.asList(names)).stream()
                .map(this::adapter)
                .toList();
        SameDiff copy = plainCopy();
        Graphs.detach(copy);
        layers.forEach(layer -> MergedLayer.of(layer, merged).writeTo(copy));
        copy.convertToVariables(frozen.stream().map(copy::getVariable).toList());
        return copy;
    }

    /**
     * Removes an adapter. If it is active, the graph computes with the other active ones from then on. Without active
     * adapters the graph has the operations, variables and consumers that it had before.
     *
     * @param name an adapter
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public synchronized void remove(String name) {
        require(name);
        if (active.contains(name)) {
            connect(active.stream().filter(other -> !other.equals(name)).toList(), null);
        }
        adapters.remove(name);
        copies.clear();
    }

    /** Removes all adapters, and makes the variables trainable that were when the graph was frozen. */
    public synchronized void restore() {
        connect(List.of(), null);
        adapters.clear();
        copies.clear();
        graph.convertToVariables(frozen.stream().map(graph::getVariable).toList());
    }

    private void put(String name, InitializedAdapter initialized) {
        adapters.put(name, new GraphAdapter(name, layers, initialized));
    }

    private void connect(List<String> names, @Nullable String toTrain) {
        if (names.equals(active) && Objects.equals(toTrain, trained)) {
            return;
        }
        if (connection != null) {
            connection.undo(graph);
            connection = null;
        }
        if (!names.isEmpty()) {
            connection = Connection.connect(graph, layers, selected(names), toTrain != null);
        }
        active = List.copyOf(names);
        trained = toTrain;
        if (toTrain != null) {
            graph.convertToVariables(require(toTrain).trainable().keySet().stream()
                    .map(graph::getVariable)
                    .toList());
            if (graph.getTrainingConfig() != null) {
                graph.getTrainingConfig().setIterationCount(0);
            }
        }
        copies.clear();
    }

    private List<GraphAdapter> selected(List<String> names) {
        return names.stream().map(this::require).toList();
    }

    private GraphAdapter require(String name) {
        GraphAdapter adapter = adapters.get(Objects.requireNonNull(name, "name must not be null"));
        if (adapter == null) {
            throw new IllegalArgumentException(
                    "no adapter '" + name + "'; there are " + Names.brackets(adapters.keySet()));
        }
        return adapter;
    }

    private List<String> requireSelectable(List<String> names) {
        List<GraphAdapter> chosen = selected(names);
        if (new HashSet<>(names).size() != names.size()) {
            throw new IllegalArgumentException("each adapter must be named once, found " + names);
        }
        for (GraphLayer layer : layers) {
            List<String> replacing = new ArrayList<>();
            for (GraphAdapter adapter : chosen) {
                if (adapter.replaces(layer)) {
                    replacing.add(adapter.name());
                }
            }
            if (replacing.size() > 1) {
                throw new IllegalArgumentException(layer.path()
                        + ": only one of the adapters that are applied together can have a bias or a whole layer,"
                        + " found " + replacing);
            }
        }
        return List.copyOf(names);
    }

    private void requireNew(String name) {
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException(
                    "an adapter '" + name + "' exists already; there are " + Names.brackets(adapters.keySet()));
        }
        AdapterNames.requireNew(name, adapters.keySet());
    }

    private static void requireSupported(String name, LoRAConfig config) {
        if (config.dora()) {
            throw new IllegalArgumentException("adapter '" + name
                    + "': the adapter of a graph must be plain LoRA, found DoRA; convert it by"
                    + " AdapterConversion.toLoRA, or train it on a Network");
        }
    }

    private static void requireNoDropout(String name, LoRAConfig config) {
        if (config.dropout() > 0) {
            throw new IllegalArgumentException("adapter '" + name
                    + "': an adapter that trains in a graph must have no dropout, which has no gradient in SameDiff, found "
                    + config.dropout());
        }
    }

    /** All dense layers stand for those that can be adapted; a name or an expression must not lose one silently. */
    private void requireNoRefusedTarget(String name, LoRAConfig config) {
        refused.forEach((path, reason) -> {
            if (!ModuleSelection.isTarget(path, config) && !ModuleSelection.isSaved(path, config)) {
                return;
            }
            if (config.targetModules() instanceof TargetModules.AllLinear && !ModuleSelection.isSaved(path, config)) {
                log.warn("adapter {}: {} is not adapted: {}", name, path, reason);
                return;
            }
            throw new IllegalArgumentException("adapter '" + name + "': the target '" + path
                    + "' must be a weight that can be adapted, found that " + reason);
        });
    }

    private static <T> T named(String name, Supplier<T> create) {
        try {
            return create.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("adapter '" + name + "': " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized String toString() {
        return "SameDiffLoRA" + adapters.keySet() + " active " + active;
    }
}
