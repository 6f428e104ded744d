package org.lora4j.dl4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.internal.NamedAdapters;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A frozen network of DL4J with named adapters. Each adapter is a network of its own, of DL4J's own type: {@code fit},
 * {@code evaluate}, listeners, early stopping and files work as with any other network of DL4J. All of these networks share
 * the arrays of the base, which are never written to. The parameters of an adapted network are the arrays of its adapter.
 *
 * <pre>{@code
 * LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
 * MultiLayerNetwork nine = lora.add("nine", LoRAConfig.of(1, 1), new Adam(1e-3));
 * nine.fit(iterator);
 * lora.save("nine", folder);                       // a folder that Python's PEFT opens
 * MultiLayerNetwork plain = lora.merge("nine");    // a network without any class of this library
 * }</pre>
 *
 * <p>Do not train the base: adapted networks compute with its arrays. {@link #add}, {@link #load}, {@link #save} and
 * {@link #merge} refuse a base that has changed, and an adapted network refuses to compute after a {@code fit} of the base. As other networks of DL4J, an adapted network computes in one thread at a
 * time; different adapted networks can compute at the same time.
 *
 * <p>{@code fit} of an adapted network throws a {@link org.lora4j.train.DivergedException} if a gradient of the adapter or the
 * loss is NaN or infinite. The parameters and the state of their updater are then those before this iteration.
 *
 * @param <N> the type of the network
 */
public final class LoRANetwork<N extends Model> implements BaseModel {
    private static final Logger log = LoggerFactory.getLogger(LoRANetwork.class);

    private final Host<N> host;
    private final List<BaseWeight> weights;
    private final BaseChecksums<N> checksums;
    private NamedAdapters<Entry<N>> adapters = NamedAdapters.none();

    private record Entry<N>(LoRAConfig config, N network, Map<String, LowRankFactors> subtracted) {}

    private LoRANetwork(Host<N> host) {
        this.host = host;
        weights = host.layers().stream()
                .flatMap(layer -> layer.weights().stream())
                .toList();
        SupportedLayers.requireLayers(host.layers());
        checksums = new BaseChecksums<>(host);
    }

    /**
     * Creates a network without adapters. The module path of a layer is its name, or {@code layer0}, {@code layer1} and so
     * on if it has none.
     *
     * @param base the network, initialized; it is not changed
     * @return the network
     * @throws IllegalArgumentException if two layers have the same name, no layer can be adapted, or the network is one that
     *     a LoRANetwork made
     * @throws IllegalStateException if the base is not initialized
     */
    public static LoRANetwork<MultiLayerNetwork> of(MultiLayerNetwork base) {
        Objects.requireNonNull(base, "base must not be null");
        requireInitialized(base.isInitCalled());
        return new LoRANetwork<>(new MultiLayerHost(base));
    }

    /**
     * Creates a network without adapters. The module path of a layer is the name of its vertex.
     *
     * @param base the network, initialized; it is not changed
     * @return the network
     * @throws IllegalArgumentException if a vertex that is not a layer has parameters, no layer can be adapted, or the network
     *     is one that a LoRANetwork made
     * @throws IllegalStateException if the base is not initialized
     */
    public static LoRANetwork<ComputationGraph> of(ComputationGraph base) {
        Objects.requireNonNull(base, "base must not be null");
        requireInitialized(base.params() != null);
        return new LoRANetwork<>(new GraphHost(base));
    }

    private static void requireInitialized(boolean initialized) {
        if (!initialized) {
            throw new IllegalStateException("the base must be initialized, found no parameters; call its init() first");
        }
    }

    /**
     * Returns the base.
     *
     * @return the network itself
     */
    public N base() {
        return host.base();
    }

    @Override
    public List<? extends BaseLayer> baseLayers() {
        return weights;
    }

    /**
     * Returns the names of the adapters.
     *
     * @return a set in the order in which they were added
     */
    public Set<String> names() {
        return adapters.names();
    }

    /**
     * Adds an adapter at its initialization. If the default of the target modules, all dense layers, leaves out
     * convolutions or embeddings, this is logged as information.
     *
     * @param name its name: the name of a folder on every platform, which differs from the others in more than case
     * @param config ranks, α, variants and target modules
     * @param updater how its arrays train; the learning rate can be changed by {@link #setLearningRate}
     * @return a network that computes with the adapter and trains it
     * @throws IllegalArgumentException if the name is refused, or the configuration does not fit the network
     * @throws IllegalStateException if the base has changed since this object was created
     */
    public N add(String name, LoRAConfig config, IUpdater updater) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(updater, "updater must not be null");
        adapters.requireNew(name);
        checksums.requireUnchanged();
        SupportedLayers.require(host.layers(), config);
        LoRAAdapter.Initialized initial = NamedAdapters.named(name, () -> LoRAAdapter.initialize(this, config));
        N network = put(name, initial, updater);
        ModuleSelection.leftOut(this, config).ifPresent(message -> log.info("adapter {}: {}", name, message));
        return network;
    }

    /**
     * Adds an adapter from data. The arrays are copied.
     *
     * @param name its name, by the rule of {@link #add(String, LoRAConfig, IUpdater)}
     * @param adapter the data
     * @param updater how its arrays train if the network is trained on
     * @return a network that computes with the adapter and trains it
     * @throws IllegalArgumentException if the name is refused, or the data do not fit the network
     * @throws IllegalStateException if the base has changed since this object was created
     */
    public N add(String name, LoRAAdapter adapter, IUpdater updater) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(updater, "updater must not be null");
        adapters.requireNew(name);
        checksums.requireUnchanged();
        SupportedLayers.require(host.layers(), adapter.config());
        LoRAAdapter.Initialized fitting = NamedAdapters.named(name, () -> {
            adapter.requireFits(this);
            return new LoRAAdapter.Initialized(adapter, Map.of());
        });
        return put(name, fitting, updater);
    }

    /**
     * Loads an adapter to predict with, from a folder that this library or Python's PEFT wrote, and adds it. If the adapter was
     * saved with another base, a warning is logged. To train it on, use {@link #load(String, Path, IUpdater)}.
     *
     * @param name its name, by the rule of {@link #add(String, LoRAConfig, IUpdater)}
     * @param folder the folder
     * @return a network that computes with the adapter; a call of its {@code fit} throws an {@link IllegalStateException}
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter, IUpdater)}
     */
    public N load(String name, Path folder) throws IOException {
        return load(name, folder, new NoUpdater());
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it. If the adapter was saved with
     * another base, a warning is logged.
     *
     * @param name its name, by the rule of {@link #add(String, LoRAConfig, IUpdater)}
     * @param folder the folder
     * @param updater how its arrays train if the network is trained on
     * @return a network that computes with the adapter and trains it
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter, IUpdater)}
     */
    public N load(String name, Path folder, IUpdater updater) throws IOException {
        return load(name, folder, updater, ReadOptions.defaults());
    }

    /**
     * Loads an adapter from a folder that this library or Python's PEFT wrote, and adds it.
     *
     * @param name its name, by the rule of {@link #add(String, LoRAConfig, IUpdater)}
     * @param folder the folder
     * @param updater how its arrays train if the network is trained on
     * @param options what to do if the adapter was saved with another base, and how much is read
     * @return a network that computes with the adapter and trains it
     * @throws IOException if the files cannot be read, or are refused; see {@link PeftAdapters}
     * @throws IllegalArgumentException as {@link #add(String, LoRAAdapter, IUpdater)}
     */
    public N load(String name, Path folder, IUpdater updater, ReadOptions options) throws IOException {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(updater, "updater must not be null");
        Objects.requireNonNull(options, "options must not be null");
        return add(name, PeftAdapters.load(folder, this, options), updater);
    }

    private N put(String name, LoRAAdapter.Initialized initial, IUpdater updater) {
        LoRAAdapter adapter = initial.adapter();
        SupportedLayers.requireBiasOfB(host.layers(), adapter);
        N network = host.create(new Adaptation(adapter, initial.subtracted(), updater, checksums::requireUntrained));
        forEachTrained(network, (layer, trained) -> TrainedArrays.write(adapter, layer, trained));
        adapters = adapters.add(name, new Entry<>(adapter.config(), network, initial.subtracted()));
        return network;
    }

    private void forEachTrained(N network, BiConsumer<List<BaseWeight>, Trained> action) {
        for (HostLayer layer : host.layers()) {
            if (host.layer(network, layer.path()) instanceof AdaptedLayer adapted) {
                action.accept(layer.weights(), adapted.trained());
            }
        }
    }

    /**
     * Adds the adapter of a network that DL4J restored from a file, or copied by way of its JSON text. Such a network has the
     * arrays of its adapter and the state of its updater, and no base. The result goes on training where the network stopped.
     *
     * @param name the name of the adapter, by the rule of {@link #add(String, LoRAConfig, IUpdater)}
     * @param config the configuration with which the adapter was added
     * @param restored the network; its arrays are copied
     * @return a network that computes with the adapter and trains it
     * @throws IllegalArgumentException if the name is refused, or the network is not one of this base and configuration
     * @throws IllegalStateException if the base has changed since this object was created
     */
    public N add(String name, LoRAConfig config, N restored) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(restored, "restored must not be null");
        adapters.requireNew(name);
        checksums.requireUnchanged();
        SupportedLayers.require(host.layers(), config);
        LoRAAdapter.Initialized initial = NamedAdapters.named(name, () -> LoRAAdapter.initialize(this, config));
        SupportedLayers.requireBiasOfB(host.layers(), initial.adapter());
        N network = new Restored<>(host, restored).onBase(initial, checksums::requireUntrained);
        adapters = adapters.add(name, new Entry<>(config, network, initial.subtracted()));
        return network;
    }

    /**
     * Returns the network that computes with an adapter and trains it.
     *
     * @param name an adapter
     * @return the network that {@code add} or {@code load} returned
     * @throws IllegalArgumentException if there is no such adapter
     */
    public N using(String name) {
        return adapters.get(name).network();
    }

    /**
     * Deletes an adapter from this object. Its network stays as it is.
     *
     * @param name an adapter
     * @throws IllegalArgumentException if there is no such adapter
     */
    public void delete(String name) {
        adapters = adapters.delete(name);
    }

    /**
     * Copies an adapter as data, for files, other hosts and algebra. If its initialization was subtracted from the base
     * (PiSSA, OLoRA), it is converted to an ordinary adapter of twice the rank.
     *
     * @param name an adapter
     * @return the data, which share no array with the network
     * @throws IllegalArgumentException if there is no such adapter
     */
    public LoRAAdapter adapter(String name) {
        Entry<N> entry = adapters.get(name);
        return read(entry).againstBase(entry.subtracted());
    }

    private LoRAAdapter read(Entry<N> entry) {
        Map<String, LoRAWeights> factors = new LinkedHashMap<>();
        Map<String, INDArray> biases = new LinkedHashMap<>();
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
        forEachTrained(entry.network(), (layer, trained) -> TrainedArrays.read(layer, trained, factors, biases, saved));
        return new LoRAAdapter(entry.config(), factors, biases, saved);
    }

    /**
     * Saves an adapter as a folder that Python's PEFT opens, with fingerprints of the base; see {@link PeftAdapters}.
     *
     * @param name an adapter
     * @param folder the folder, created if it does not exist; an adapter in it is replaced
     * @throws IllegalArgumentException if there is no such adapter
     * @throws IllegalStateException if the base has changed since this object was created
     * @throws IOException if the files cannot be written; an adapter that was there before is still there then
     */
    public void save(String name, Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        LoRAAdapter adapter = adapter(name);
        checksums.requireUnchanged();
        PeftAdapters.save(adapter, this, folder);
    }

    /**
     * Merges an adapter into a copy of the base. A layer without a bias gets one if the adapter has a bias of B for it; the
     * copy has no state of an updater then.
     *
     * @param name an adapter
     * @return a network of DL4J's own layers, with arrays of its own
     * @throws IllegalArgumentException if there is no such adapter
     * @throws IllegalStateException if the base has changed since this object was created
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names its layer
     */
    public N merge(String name) {
        LoRAAdapter adapter = adapter(name);
        checksums.requireUnchanged();
        N merged = host.copy(Merging.missingBiases(adapter, host.layers()));
        for (HostLayer layer : host.layers()) {
            HostLayer copy = layer.ofCopy(host.layer(merged, layer.path()));
            copy.weights().forEach(weight -> Merging.merge(adapter, weight));
        }
        return merged;
    }

    /**
     * Enables or disables an adapter. While it is disabled, its network computes what the base computes, bit for bit, and a
     * training changes nothing.
     *
     * @param name an adapter
     * @param enabled whether its network computes with it
     * @throws IllegalArgumentException if there is no such adapter
     */
    public void setEnabled(String name, boolean enabled) {
        layers(name).forEach(layer -> layer.adapter().setEnabled(enabled));
    }

    /**
     * Returns whether an adapter is enabled.
     *
     * @param name an adapter
     * @return true if its network computes with it
     * @throws IllegalArgumentException if there is no such adapter
     */
    public boolean isEnabled(String name) {
        return layers(name).stream().allMatch(layer -> layer.adapter().isEnabled());
    }

    /**
     * Changes the learning rate of an adapter's network, in place of any schedule. DL4J's own {@code setLearningRate} has no
     * effect on such a network.
     *
     * @param name an adapter
     * @param rate the new learning rate
     * @throws IllegalArgumentException if there is no such adapter, or the rate is not positive and finite
     */
    public void setLearningRate(String name, double rate) {
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException("the learning rate must be positive and finite, found " + rate);
        }
        layers(name).forEach(layer -> layer.setLearningRate(rate));
    }

    private List<LoRALayer> layers(String name) {
        N network = using(name);
        return host.layers().stream()
                .map(layer -> host.layer(network, layer.path()).conf().getLayer())
                .filter(LoRALayer.class::isInstance)
                .map(LoRALayer.class::cast)
                .toList();
    }

    /**
     * Counts the parameters of the base and of an adapter's factors. DL4J's {@code summary()} of an adapted network counts
     * the arrays of the adapter only.
     *
     * @param name an adapter
     * @return the report
     * @throws IllegalArgumentException if there is no such adapter
     */
    public ParameterReport parameterReport(String name) {
        LoRAAdapter adapter = read(adapters.get(name));
        return ParameterReport.of(this, adapter.config(), adapter.weights());
    }

    /**
     * Converts a chain of dense layers to a {@link Network} of this library, which computes and trains faster than DL4J. The
     * module paths are the same, so that adapters of one fit the other. The activation function of the output layer is left
     * out: the network returns what it is applied to, as {@link org.lora4j.train.Loss} expects it.
     *
     * @return a network with arrays of its own
     * @throws IllegalArgumentException if the base is not a chain of dense layers, activations and an output layer
     */
    public Network toNetwork() {
        return DenseChain.convert(host.base(), host.layers());
    }

    @Override
    public String toString() {
        return "LoRANetwork" + adapters + " on " + host.base().getClass().getSimpleName();
    }
}
