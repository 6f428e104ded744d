package org.lora4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.internal.AdapterNames;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.model.internal.AdapterRegistry;
import org.lora4j.model.internal.ManagedAdapter;
import org.lora4j.model.internal.ModelSnapshot;
import org.lora4j.model.internal.ModelState;
import org.lora4j.model.internal.ModelState.Selection;
import org.lora4j.model.internal.ServableModel;
import org.lora4j.model.internal.TrainingSelection;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.ExampleOutputs;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.compute.internal.Predictor;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A frozen network with named adapters.
 *
 * <pre>{@code
 * LoRAModel model = LoRAModel.of(network);                      // every parameter of the network is frozen from here on
 * AdapterView nine = model.add("nine", LoRAConfig.of(1, 1));
 * Trainer.builder(nine).build().fit(digitNine);                 // trains what it names
 * INDArray y = model.using("nine").predict(x);
 * INDArray base = model.base().predict(x);
 * Network plain = model.merge("nine");
 * }</pre>
 *
 * <p>An {@link AdapterView} computes and trains with the adapters that it names. The model itself computes and trains with
 * its <em>active</em> adapters, as long as they are enabled. The updates of several adapters add up.
 *
 * <p>The network's own arrays are never written to. Whatever is added, trained, merged or deleted, the output of the base
 * stays the same, bit for bit. Parametrizations that are registered on the network's layers directly are not part of the
 * model.
 *
 * <p>Any number of threads can predict while others change the model: each prediction sees one state of it.
 */
public final class LoRAModel extends Model implements ServableModel {
    /** The name that stands for no adapter in a mixed batch; PEFT's. */
    public static final String BASE = AdapterNames.BASE;

    private static final Logger log = LoggerFactory.getLogger(LoRAModel.class);

    private final Network network;
    private final AdapterRegistry registry;
    private final Predictor predictor;

    private LoRAModel(Network network) {
        super(network.stack());
        this.network = network;
        registry = new AdapterRegistry(network);
        predictor = new Predictor(network.stack(), this::newInferencePass);
    }

    /**
     * Creates a model without adapters on a network. All parameters of the network are frozen from here on, biases too.
     *
     * @param network the base
     * @return the model
     */
    public static LoRAModel of(Network network) {
        Objects.requireNonNull(network, "network must not be null");
        network.weightedLayers().forEach(LoRAParametrization::freeze);
        return new LoRAModel(network);
    }

    /**
     * Returns the base.
     *
     * @return the network, frozen
     */
    public Network network() {
        return network;
    }

    /**
     * Adds an adapter at its initialization, trainable. The first adapter of a model becomes active; a later one does not.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param config ranks, α, variants and target modules
     * @return the view of this adapter
     * @throws IllegalArgumentException if the name is refused, or the configuration does not fit the network; nothing
     *     changes then
     */
    public AdapterView add(String name, LoRAConfig config) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        registry.add(name, config);
        return view(List.of(name));
    }

    /**
     * Adds an adapter that is initialized from data, trainable; otherwise as {@link #add(String, LoRAConfig)}.
     *
     * @param name its name, by the rule of {@link #add(String, LoRAConfig)}
     * @param config ranks, α, variants and target modules, with the default initialization
     * @param init the data; the base computes all of them here
     * @return the view of this adapter
     * @throws IllegalArgumentException as {@link #add(String, LoRAConfig)}, if a batch does not fit the network, or if there are
     *     too few rows or tokens; nothing changes then
     */
    public AdapterView add(String name, LoRAConfig config, EvaInit init) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(init, "init must not be null");
        registry.add(name, config, init.data());
        return view(List.of(name));
    }

    /**
     * Adds an adapter that starts with the best approximation of what rounding the base lost, trainable. The first adapter of a
     * model becomes active; a later one does not.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param config the configuration, with the default initialization
     * @param init the network before its weights were rounded
     * @return the view of this adapter
     * @throws IllegalArgumentException as {@link #add(String, LoRAConfig)}, or if the original network has other layers; nothing
     *     changes then
     */
    public AdapterView add(String name, LoRAConfig config, LoftQInit init) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(init, "init must not be null");
        registry.add(name, config, init.original());
        return view(List.of(name));
    }

    /**
     * Adds an adapter from data, frozen. A training of its view makes it trainable. The arrays are copied. The first adapter
     * of a model becomes active; a later one does not.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param adapter the data
     * @return the view of this adapter
     * @throws IllegalArgumentException if the name is refused, or the data do not fit the network; nothing changes then
     */
    public AdapterView add(String name, LoRAAdapter adapter) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        registry.add(name, adapter);
        return view(List.of(name));
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it, frozen. If the adapter was saved
     * with another base, a warning is logged.
     *
     * @param name its name in this model
     * @param folder the folder
     * @return the view of this adapter
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter)}
     */
    public AdapterView load(String name, Path folder) throws IOException {
        return load(name, folder, ReadOptions.defaults());
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it, frozen.
     *
     * @param name its name in this model
     * @param folder the folder
     * @param options what to do if the adapter was saved with another base, and how much is read
     * @return the view of this adapter
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter)}
     */
    public AdapterView load(String name, Path folder, ReadOptions options) throws IOException {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(options, "options must not be null");
        return add(name, PeftAdapters.load(folder, network, options));
    }

    /**
     * Replaces an adapter by other data, of the same or another rank, at once: a prediction that is running uses the old
     * ones to its end, a later one the new ones. A training of the old adapter stops with an error.
     *
     * @param name an adapter
     * @param adapter the data; frozen as those of {@link #add(String, LoRAAdapter)}
     * @throws IllegalArgumentException if there is no adapter of this name, the data do not fit the network, or the adapter
     *     is active and another active adapter replaces the same bias or layer; nothing changes then
     */
    public void replace(String name, LoRAAdapter adapter) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        registry.replace(name, adapter);
    }

    /**
     * Renames an adapter.
     *
     * @param name an adapter
     * @param newName its new name, by the rule of {@link #add(String, LoRAConfig)}
     * @throws IllegalArgumentException if there is no such adapter, or the new name is refused; nothing changes then
     */
    public void rename(String name, String newName) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(newName, "newName must not be null");
        registry.rename(name, newName);
    }

    /**
     * Deletes an adapter. The other active adapters stay active. A training of the adapter stops with an error.
     *
     * @param name an adapter
     * @throws IllegalArgumentException if there is none of this name
     */
    public void delete(String name) {
        Objects.requireNonNull(name, "name must not be null");
        registry.delete(name);
    }

    /**
     * Returns the names of all adapters.
     *
     * @return a set in the order in which they were added
     */
    public Set<String> names() {
        return registry.state().adapters().names();
    }

    /**
     * Returns the names of the active adapters, whether they are enabled or not.
     *
     * @return a list in the order of activation
     */
    public List<String> active() {
        return registry.state().active();
    }

    /**
     * Makes exactly these adapters active.
     *
     * @param names adapters; none for the base alone
     * @throws IllegalArgumentException if one does not exist or is named twice, or two replace the same bias or layer;
     *     nothing changes then
     */
    public void activate(String... names) {
        registry.activate(list(names));
    }

    private static List<String> list(String... names) {
        Objects.requireNonNull(names, "names must not be null");
        for (String name : names) {
            Objects.requireNonNull(name, "no name must be null");
        }
        return List.of(names);
    }

    /**
     * Returns whether the active adapters are enabled.
     *
     * @return false while a scope of {@link #disable} is open
     */
    public boolean isEnabled() {
        return registry.state().isEnabled();
    }

    /**
     * Disables the active adapters until the scope is closed: the model computes with the base alone. Scopes may be nested
     * or overlap; the adapters are enabled again when the last one is closed. Views do not depend on this.
     *
     * @return the scope, for a try statement
     */
    public Scope disable() {
        return registry.disable()::run;
    }

    /** Something that lasts until it is closed; closing it again has no effect. */
    @FunctionalInterface
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Makes exactly these adapters trainable; all others are frozen, as the base is. A training that is running and trains
     * one of those stops with an error.
     *
     * @param names adapters; none to freeze all
     * @throws IllegalArgumentException if one does not exist or is named twice; nothing changes then
     */
    public void setTrainable(String... names) {
        registry.setTrainable(registry.requireSelectable(list(names)));
    }

    /**
     * Copies an adapter as data; see {@link AdapterView#adapter}.
     *
     * @param name an adapter
     * @return the data, which share no array with the model
     * @throws IllegalArgumentException if there is none of this name
     */
    public LoRAAdapter adapter(String name) {
        return using(name).adapter();
    }

    /**
     * Returns the fingerprint of an adapter; see {@link LoRAAdapter#fingerprint}. That of a frozen adapter is computed once.
     *
     * @param name an adapter
     * @return 64 hexadecimal digits
     * @throws IllegalArgumentException if there is none of this name
     */
    public String fingerprint(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return registry.state().adapter(name).fingerprint();
    }

    /**
     * Saves an adapter; see {@link AdapterView#save}.
     *
     * @param name an adapter
     * @param folder the folder, created if it does not exist; an adapter in it is replaced
     * @throws IllegalArgumentException if there is none of this name
     * @throws IOException if the files cannot be written; an adapter that was there before is still there then
     */
    public void save(String name, Path folder) throws IOException {
        using(name).save(folder);
    }

    /**
     * Returns the parameters of an adapter, for inspection.
     *
     * @param name an adapter
     * @return its factors, magnitudes, biases and saved layers, trainable or not
     * @throws IllegalArgumentException if there is none of this name
     */
    public List<Parameter> parameters(String name) {
        return using(name).parameters();
    }

    /**
     * Counts the parameters of the base and of an adapter's factors.
     *
     * @param name an adapter
     * @return the report
     * @throws IllegalArgumentException if there is none of this name
     */
    public ParameterReport parameterReport(String name) {
        return using(name).parameterReport();
    }

    /**
     * Returns how many bytes the arrays of an adapter take; see {@link AdapterView#residentBytes}.
     *
     * @param name an adapter
     * @return the number of bytes
     * @throws IllegalArgumentException if there is none of this name
     */
    public long residentBytes(String name) {
        return using(name).residentBytes();
    }

    /**
     * Returns whether a parameter is the factor B of one of the adapters, or its bias. In LoRA+ (<a
     * href="https://arxiv.org/abs/2402.12354">arXiv:2402.12354</a>) these train at a learning rate of their own.
     *
     * @param parameter any parameter
     * @return true for B and its bias, false for all others, whatever their names
     */
    public boolean isLoraB(Parameter parameter) {
        Objects.requireNonNull(parameter, "parameter must not be null");
        return registry.state().adapters().values().stream().anyMatch(adapter -> adapter.isLoraB(parameter));
    }

    /**
     * Returns a view that computes and trains with the named adapters, whatever is active. Creating one costs next to
     * nothing, and any number of them can be used at the same time.
     *
     * @param names one or more adapters, whose updates add up
     * @return the view
     * @throws IllegalArgumentException if there is no name, an adapter does not exist or is named twice, or two replace
     *     the same bias or layer
     */
    public AdapterView using(String... names) {
        return view(registry.requireSelectable(requireNamed("using", names)));
    }

    private static List<String> requireNamed(String call, String... names) {
        List<String> list = list(names);
        if (list.isEmpty()) {
            throw new IllegalArgumentException(
                    call + ": at least one adapter must be named, found none; base() is the view of the base alone");
        }
        return list;
    }

    /**
     * Returns the view of the base alone, whatever is active.
     *
     * @return a view without adapters
     */
    public AdapterView base() {
        return view(List.of());
    }

    private AdapterView view(List<String> names) {
        return new AdapterView(network, registry, predictor, Selection.of(names));
    }

    /**
     * Computes the output with the active adapters, or with the base alone while they are disabled.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @return a new array {@code [n, outputSize]} in 'c' order, with a row for each example, or for each token of sequences if
     *     there is no pooling
     * @throws IllegalArgumentException if the base takes input of the other kind, or the input does not fit it
     */
    @Override
    public INDArray predict(Input x) {
        Objects.requireNonNull(x, "x must not be null");
        return predictor.predict(x, effectiveLayers());
    }

    /**
     * Computes the output as {@link #predict(Input)} does, into an array of the caller.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @param y gets the output
     * @throws IllegalArgumentException if the input does not fit, or {@code y} has another shape or type than the output
     */
    @Override
    public void predictInto(Input x, INDArray y) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(y, "y must not be null");
        predictor.predictInto(x, effectiveLayers(), y);
    }

    /**
     * Computes the output with an adapter for each example. The products with the weights of the base are computed once for
     * all of them.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @param adapters the name of an adapter for each example, or {@value #BASE} for the base alone
     * @return as {@link #predict(Input)}
     * @throws IllegalArgumentException if the input does not fit the base, there is not one name for each example, an
     *     adapter does not exist, or the heads of two of them differ in their number of outputs, see {@link #predictEach}
     */
    public INDArray predict(Input x, List<String> adapters) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        return snapshot().predict(x, adapters);
    }

    /**
     * Computes the output with an adapter for each example, as {@link #predict(Input, List)} does, for adapters whose heads have
     * different numbers of outputs: classifiers with labels of their own, and models that score pairs of texts.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @param adapters the name of an adapter for each example, or {@value #BASE} for the base alone
     * @return the output of each example, a new array {@code [1, outputs]}, or with a row for each token if there is no pooling. It
     *     has as many columns as the head of the example's adapter has outputs
     * @throws IllegalArgumentException if the input does not fit the base, there is not one name for each example, or an
     *     adapter does not exist
     */
    public List<INDArray> predictEach(Input x, List<String> adapters) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        ExampleOutputs outputs = snapshot().predictEach(x, adapters);
        return IntStream.range(0, x.count())
                .mapToObj(example -> outputs.of(example, example + 1))
                .toList();
    }

    /**
     * Computes the output of one input with each of several adapters, such as all classifiers of one text. What they share is computed
     * once: the layers below the first one that an adapter changes. In a transformer a layer is one in {@link Network#layers}, such
     * as an attention with its residual connection. So adapters of the upper half of a model take about half of the time.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @param adapters the names of one or more adapters, or {@value #BASE} for the base alone
     * @return the outputs in the order of the adapters, each a new array like that of {@code using(adapter).predict(x)}, which it equals
     *     up to rounding. The heads of the adapters may have different numbers of outputs
     * @throws IllegalArgumentException if the input does not fit the base, no adapter is named, or one does not exist
     */
    public List<INDArray> predictWithAll(Input x, List<String> adapters) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        return snapshot().predictWithAll(x, adapters);
    }

    /**
     * Computes the output of rows with an adapter for each row, as {@link #predict(Input, List)}.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @param adapters the name of an adapter for each row, or {@value #BASE} for the base alone
     * @return a new array {@code [n, outputSize]}
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit, there is not one name for each
     *     row, or an adapter does not exist
     */
    public INDArray predict(INDArray x, List<String> adapters) {
        return predict(Input.of(x), adapters);
    }

    /**
     * Merges the named adapters into a plain network; base and adapters stay as they are.
     *
     * @param names one or more adapters, whose updates add up
     * @return a network with arrays of its own, all trainable
     * @throws IllegalArgumentException if there is no name, an adapter does not exist or is named twice, or two replace
     *     the same bias or layer
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public Network merge(String... names) {
        return registry.merge(registry.requireSelectable(requireNamed("merge", names)));
    }

    /**
     * Merges the adapters that {@link #predict(INDArray)} applies now: the active ones, or none while they are disabled.
     *
     * @return a network with arrays of its own, all trainable
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public Network mergeActive() {
        return registry.merge(registry.state().applied());
    }

    /**
     * Keeps a merged copy of the active adapters beside the base, so that predictions with exactly these adapters cost as
     * little as the base alone, until {@link #unmerge} drops it. The copy does not follow later training: call
     * {@link #unmerge} and merge again after it. The base is not
     * written to. Views of other adapters are not affected.
     *
     * <p>The copy is stored as the base is, see {@link org.lora4j.nn.BaseStorage}: in each precision but FLOAT the merged weights are
     * rounded, so that the output differs by as much.
     *
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; nothing changes then
     */
    public void mergeForPrediction() {
        registry.mergeForPrediction();
    }

    /** Drops the merged copy. Predictions use the factors again, with the same output as before merging, bit for bit. */
    public void unmerge() {
        registry.unmerge();
    }

    /**
     * Returns whether there is a merged copy of the active adapters.
     *
     * @return true between {@link #mergeForPrediction} and {@link #unmerge}, unless one of these adapters was replaced,
     *     renamed or deleted, or others were activated
     */
    public boolean isMerged() {
        return registry.state().isMerged();
    }

    /**
     * Creates the segment of a training; not part of the API.
     *
     * @hidden
     */
    @Override
    public Segment newTrainingSegment() {
        ModelState now = registry.state();
        TrainingSelection trained = TrainingSelection.ofActive(registry, now);
        if (now.isMerged()) {
            log.warn("the merged copy of {} does not follow the training; unmerge drops it", now.active());
        }
        return new Segment(network.stack(), true, trained);
    }

    /**
     * Returns what the layers compute with now; not part of the API.
     *
     * @hidden
     */
    @Override
    public EffectiveLayers effectiveLayers() {
        ModelState now = registry.state();
        return now.forPrediction(now.applied());
    }

    /**
     * Returns the adapters as they are now; not part of the API.
     *
     * @hidden
     */
    @Override
    public ModelSnapshot snapshot(@Nullable EffectiveLayers alone) {
        return new ModelSnapshot(network, predictor, registry.state(), alone);
    }

    /**
     * Returns what another end computes with; not part of the API.
     *
     * @hidden
     */
    @Override
    public EffectiveLayers alone(Network end) {
        return registry.alone(end);
    }

    /**
     * Adds an adapter that a service manages; not part of the API.
     *
     * @hidden
     */
    @Override
    public @Nullable ManagedAdapter addManaged(String name, LoRAAdapter adapter, Network of) {
        return registry.addManaged(name, adapter, of);
    }

    @Override
    public String toString() {
        ModelState now = registry.state();
        return "LoRAModel" + now.adapters() + " active " + now.active();
    }
}
