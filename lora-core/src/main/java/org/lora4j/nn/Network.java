package org.lora4j.nn;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.lora4j.adapter.BaseModel;
import org.lora4j.internal.Backend;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Merging;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.compute.internal.Predictor;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.onnx.internal.OnnxFile;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A feed-forward network of layers, each with a module path: dense layers and activations, or a transformer.
 *
 * <pre>{@code
 * Network network = Network.builder(784)
 *         .linear("linear1", 1000).relu()
 *         .linear("linear2", 10).build(seed);
 * }</pre>
 *
 * <p>A network holds parameters only, so threads can share it: any number of them can call {@link #predict} at the same
 * time.
 */
public final class Network extends Model implements BaseModel {
    private static final Logger log = LoggerFactory.getLogger(Network.class);
    private static final EffectiveLayers EFFECTIVE = layer -> layer.updates().effective();

    private final List<Linear> linears;
    private final Predictor predictor;

    /**
     * Creates a network from layers.
     *
     * @param layers the layers in the order of computation: at least one with a weight, distinct paths, one type; each
     *     layer's input width is the output width of the layer before. A transformer starts with {@link TokenEmbeddings}
     * @throws IllegalArgumentException if they do not fit together
     */
    public Network(List<? extends Layer> layers) {
        super(new LayerStack(layers));
        linears = weightedLayers().stream()
                .filter(Linear.class::isInstance)
                .map(Linear.class::cast)
                .toList();
        predictor = new Predictor(stack(), this::newInferencePass);
    }

    /**
     * Starts a network.
     *
     * @param inputSize the number of features, at least 1
     * @return a builder
     * @throws IllegalArgumentException if the size is less than 1
     */
    public static Builder builder(long inputSize) {
        return new Builder(inputSize);
    }

    /**
     * Returns the layers.
     *
     * @return the layers in the order of computation
     */
    public List<Layer> layers() {
        return stack().layers();
    }

    /**
     * Returns the layers with a weight, whatever they are part of.
     *
     * @return in the order of the model
     */
    public List<WeightedLayer> weightedLayers() {
        return stack().weightedLayers();
    }

    /**
     * Returns the dense layers, also those that are part of other layers.
     *
     * @return the dense layers in the order of computation
     */
    public List<Linear> linears() {
        return linears;
    }

    /**
     * Returns the layers that adapters can be applied to: those with a weight.
     *
     * @return in the order of the model
     */
    @Override
    public List<WeightedLayer> baseLayers() {
        return weightedLayers();
    }

    /**
     * Returns the layer with a weight of a path.
     *
     * @param path the module path
     * @return the layer
     * @throws IllegalArgumentException if the network has no such layer; the message lists the paths
     */
    @Override
    public WeightedLayer baseLayer(String path) {
        return (WeightedLayer) BaseModel.super.baseLayer(path);
    }

    /**
     * Returns the dense layer of a path.
     *
     * @param path the module path, such as {@code linear1}
     * @return the layer
     * @throws IllegalArgumentException if the network has no such layer; the message lists the paths
     */
    public Linear linear(String path) {
        return linears.stream()
                .filter(linear -> linear.path().equals(path))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no linear layer '" + path + "'; there are "
                        + linears.stream().map(Linear::path).toList()));
    }

    /**
     * Returns the network's own parameters, without those of parametrizations.
     *
     * @return weights and biases in the order of the layers; a parameter that two layers share once
     */
    public List<Parameter> parameters() {
        return weightedLayers().stream()
                .flatMap(layer -> layer.parameters().stream())
                .distinct()
                .toList();
    }

    @Override
    public boolean supportsTrainableTokens() {
        return true;
    }

    @Override
    public boolean supportsFrozenB() {
        return true;
    }

    /**
     * Returns the path of the word embeddings.
     *
     * @return the path of {@link TokenEmbeddings#word}, or nothing if the network takes rows of features
     */
    @Override
    public Optional<String> inputEmbedding() {
        return layers().get(0) instanceof TokenEmbeddings embeddings
                ? Optional.of(embeddings.word().path())
                : Optional.empty();
    }

    /**
     * Returns the path of the head of a language model.
     *
     * @return the path of the last linear layer if the attention is causal and each token has an output for each word of the vocabulary,
     *     or nothing
     */
    @Override
    public Optional<String> outputEmbedding() {
        Linear head = stack().head();
        boolean predicts = takesSequences()
                && stack().outputRows() == Layer.RowKind.TOKEN
                && layers().stream().anyMatch(Network::isCausal);
        return head != null && predicts && head.outputSize() == stack().inputSize()
                ? Optional.of(head.path())
                : Optional.empty();
    }

    /**
     * Returns the path of the last layer, if it is that of a classifier: a linear layer whose outputs are not those of a language model,
     * its vocabulary.
     *
     * @return the path, or nothing
     */
    @Override
    public Optional<String> replaceableHead() {
        Layer last = layers().get(layers().size() - 1);
        return last instanceof Linear head
                        && !head.isTied()
                        && outputEmbedding().isEmpty()
                ? Optional.of(head.path())
                : Optional.empty();
    }

    private static boolean isCausal(Layer layer) {
        return (layer instanceof SelfAttention attention && attention.isCausal())
                || layer.children().stream().anyMatch(Network::isCausal);
    }

    /**
     * Returns what the network does: one that takes sequences and ends with a pooling and a linear layer classifies texts, one that ends
     * with a linear layer on each token predicts the next token if the attention is causal and its outputs are the vocabulary, and
     * classifies tokens otherwise. One that takes sequences and ends with anything else than a linear layer encodes.
     *
     * @return {@code SEQ_CLS}, {@code TOKEN_CLS}, {@code CAUSAL_LM}, {@code FEATURE_EXTRACTION} or nothing
     */
    @Override
    public Optional<String> taskType() {
        if (!takesSequences()) {
            return Optional.empty();
        }
        if (stack().head() == null) {
            return Optional.of("FEATURE_EXTRACTION");
        }
        if (layers().stream().anyMatch(Pooling.class::isInstance)) {
            return Optional.of("SEQ_CLS");
        }
        return Optional.of(outputEmbedding().isPresent() ? "CAUSAL_LM" : "TOKEN_CLS");
    }

    /**
     * Freezes all the network's own parameters, biases too. A {@link ProductEngine} packs frozen weights once, so predictions
     * are faster then.
     */
    public void freeze() {
        parameters().forEach(parameter -> parameter.setTrainable(false));
    }

    /**
     * Makes all the network's own parameters trainable.
     *
     * @throws IllegalStateException if a weight is stored in fewer bits; nothing is changed then. See {@link BaseStorage}
     */
    public void unfreeze() {
        parameters().forEach(parameter -> parameter.weight().requireArray());
        parameters().forEach(parameter -> parameter.setTrainable(true));
    }

    /**
     * Sets how the matrices of dense layers and embeddings are stored while they are frozen, see {@link BaseStorage}. Single
     * precision is the default. A matrix that is frozen is stored so now, one that trains when it is frozen. Its array is
     * dropped then, and its memory is free as soon as nothing else refers to it. Networks that share the parameters get the
     * setting too, and copies of this network keep it.
     *
     * <p>Call it before the first prediction or training, while no other thread uses the network. If matrices train, a warning is
     * logged: their memory shrinks only when they are frozen, by {@link #freeze} or by {@code LoRAModel.of}.
     *
     * @param storage the setting; of no effect on matrices of DOUBLE or of fewer than 50,000 elements
     */
    public void setBaseStorage(BaseStorage storage) {
        Objects.requireNonNull(storage, "storage must not be null");
        Precision precision = storage.precision();
        ProductEngine engine = Engines.engine();
        if (engine != null && !engine.isFast(precision)) {
            log.info(
                    "{} has no fast products in {} on this processor, so ND4J computes those with frozen weights",
                    engine.name(),
                    precision);
        }
        matrices().forEach(layer -> layer.weightParameter().weight().store(precision));
        List<String> later = matrices()
                .filter(layer -> layer.weightParameter().weight().isTrainable()
                        && layer.weightParameter().weight().fitsFewerBits())
                .map(WeightedLayer::path)
                .toList();
        if (precision != Precision.FLOAT && !later.isEmpty()) {
            log.warn(
                    "{} matrices train, so they are stored in {} only when they are frozen, such as {}: call freeze(), or give"
                            + " the network to LoRAModel.of",
                    later.size(),
                    precision,
                    later.get(0));
        }
    }

    /**
     * Reports how the matrices of dense layers and embeddings are stored. A product engine packs a weight when the first product
     * needs it.
     *
     * @return a line for each layer, in the order of the model. A head that shares the matrix of an embedding has 0 bytes, because
     *     that of the embedding counts them
     */
    public List<WeightStorage> weightStorage() {
        Set<Parameter> counted = new HashSet<>();
        return matrices()
                .map(layer -> {
                    WeightStorage storage = layer.weightParameter().weight().storage(layer.path());
                    return counted.add(layer.weightParameter())
                            ? storage
                            : new WeightStorage(layer.path(), storage.engine(), storage.precision(), 0);
                })
                .toList();
    }

    private Stream<WeightedLayer> matrices() {
        return weightedLayers().stream().filter(layer -> layer.weightParameter().shape().length == 2);
    }

    /**
     * Creates the segment of a training; not part of the API.
     *
     * @hidden
     */
    @Override
    public Segment newTrainingSegment() {
        return new Segment(stack(), true, () -> EFFECTIVE);
    }

    /**
     * Returns what the layers compute with now; not part of the API.
     *
     * @hidden
     */
    @Override
    public EffectiveLayers effectiveLayers() {
        return EFFECTIVE;
    }

    /**
     * Computes the output with the parametrizations that are registered and enabled. Any number of threads can call this
     * at the same time. {@link #freeze} a network that does not train before: a {@link ProductEngine} is faster with frozen weights.
     *
     * @param x rows of features, or sequences of tokens for a network that starts with {@link TokenEmbeddings}
     * @return a new array {@code [n, outputSize]} in 'c' order, with a row for each example, or for each token of sequences if
     *     there is no pooling
     * @throws IllegalArgumentException if the network takes input of the other kind, or the input does not fit it
     */
    @Override
    public INDArray predict(Input x) {
        Objects.requireNonNull(x, "x must not be null");
        return predictor.predict(x);
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
        predictor.predictInto(x, y);
    }

    /**
     * Describes the layers as data, without parameters and parametrizations.
     *
     * @return the architecture
     * @throws IllegalArgumentException if an activation is none of ND4J's own
     */
    NetworkArchitecture architecture() {
        return NetworkArchitecture.of(this);
    }

    /**
     * Saves the network as a safetensors file: the original parameters, without parametrizations, and the architecture. A
     * crash at any point leaves the old file or the new one.
     *
     * <p>In PyTorch, {@code model.load_state_dict(safetensors.torch.load_file("base.safetensors"))} reads the file as it
     * is.
     *
     * @param file the file to write
     * @throws IllegalArgumentException if a parameter holds NaN or an infinity, which {@link #load} refuses; nothing is
     *     written then
     * @throws IOException if it cannot be written
     */
    public void save(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        toTensors().write(file);
    }

    /**
     * Saves the network as {@link #save(Path)} does, with its large matrices in a type: those that {@link BaseStorage} is for. In
     * BF16 they are rounded to the nearest bfloat16, and ties to even. Those that are stored in bfloat16 keep their bits.
     *
     * @param file the file to write
     * @param precision BF16, or the network's own type: F32 for FLOAT, F64 for DOUBLE
     * @throws IllegalArgumentException if it is another type, or as {@link #save(Path)}
     * @throws IOException if it cannot be written
     */
    public void save(Path file, Dtype precision) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        toTensors(precision).write(file);
    }

    /**
     * Saves a network that takes sequences as a file of ONNX (<a href="https://onnx.ai">onnx.ai</a>), which ONNX Runtime, LangChain4j's and
     * Spring AI's embedding models in the process, and DJL read. The file has version 17 of the standard. Its weights are FLOAT, the effective ones:
     * with the parametrizations that are registered and enabled, and those of fewer bits as the numbers that they stand for.
     *
     * <table>
     * <caption>Inputs and outputs, for b texts of t tokens with the padding</caption>
     * <tr><th>name</th><th>shape</th><th>for</th></tr>
     * <tr><td>{@code input_ids}, {@code attention_mask}, {@code token_type_ids}</td><td>{@code [b, t]}, INT64</td><td>all; the last one only for
     * models with types of tokens</td></tr>
     * <tr><td>{@code last_hidden_state}</td><td>{@code [b, t, dim]}</td><td>a network without a classifier, before its pooling</td></tr>
     * <tr><td>{@code sentence_embedding}</td><td>{@code [b, outputSize]}</td><td>one that ends with a pooling or what follows on
     * it</td></tr>
     * <tr><td>{@code logits}</td><td>{@code [b, outputSize]}, or {@code [b, t, outputSize]} without a pooling</td><td>one that ends with
     * a linear layer</td></tr>
     * </table>
     *
     * <p>Outputs of masked tokens have no meaning. Weights of more than 2 GB stand in a second file, whose name ends with {@code _data}; a
     * crash can leave none of the two files then. Otherwise it leaves the old file or the new one.
     *
     * @param file the file to write, such as {@code model.onnx}
     * @throws IllegalArgumentException if the network takes rows of features or predicts the next token, a layer has no form in ONNX, as a
     *     pooling without prompts, or a weight is not finite or larger than 2 GB
     * @throws IOException if it cannot be written
     */
    public void saveOnnx(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        OnnxFile.write(layers(), file);
    }

    /**
     * Loads a network that {@link #save} wrote.
     *
     * @param file the file to read
     * @return the network, all of whose parameters are trainable
     * @throws SafeTensorsException if the file is damaged, has no architecture, or does not hold exactly its parameters,
     *     or one is NaN or infinite
     * @throws IOException if the file cannot be read
     */
    public static Network load(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        return fromTensors(SafeTensors.read(file));
    }

    /**
     * Loads parameters into this network, such as those of a PyTorch model with the same layers. Other floating-point types
     * are converted to the type of the network.
     *
     * @param file a safetensors file with exactly the parameters of this network
     * @throws SafeTensorsException if the file is damaged, keys are missing, unknown or of another shape, or a value is
     *     NaN or infinite. The network is not changed then
     * @throws IOException if the file cannot be read
     * @throws IllegalStateException if a parameter is frozen, because adapters depend on it; the network is not changed
     *     then
     */
    public void loadParameters(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        loadParameters(SafeTensors.read(file));
    }

    /**
     * Loads parameters into this network, as {@link #loadParameters(Path)} does.
     *
     * @param tensors exactly the parameters of this network, read from bytes, a stream or a channel
     * @throws SafeTensorsException if keys are missing, unknown or of another shape, or a value is NaN, infinite or does
     *     not fit the type
     * @throws IllegalStateException if a parameter is frozen
     */
    public void loadParameters(SafeTensors tensors) throws SafeTensorsException {
        Objects.requireNonNull(tensors, "tensors must not be null");
        NetworkTensors.load(this, tensors);
    }

    /**
     * Returns the network as tensors, to be written to bytes, a stream or a channel: the original parameters with the keys
     * of PyTorch's {@code state_dict}, and the architecture in the metadata.
     *
     * @return the tensors; they hold the arrays of this network, not copies
     * @throws IllegalArgumentException if a parameter holds NaN or an infinity, which {@link #fromTensors} refuses
     */
    public SafeTensors toTensors() {
        return NetworkTensors.of(this, fileType());
    }

    /**
     * Returns the network as tensors, as {@link #toTensors()} does, with its large matrices in a type.
     *
     * @param precision as in {@link #save(Path, Dtype)}
     * @return the tensors
     * @throws IllegalArgumentException if it is another type, or as {@link #toTensors()}
     */
    public SafeTensors toTensors(Dtype precision) {
        return NetworkTensors.of(this, precision);
    }

    /**
     * Returns the type of the network in a file; not part of the API.
     *
     * @return F32 for FLOAT, F64 for DOUBLE
     * @hidden
     */
    public Dtype fileType() {
        return dataType() == DataType.FLOAT ? Dtype.F32 : Dtype.F64;
    }

    /**
     * Adds the original parameters to a file; not part of the API.
     *
     * @param file the file
     * @param precision as in {@link #save(Path, Dtype)}
     * @param isTransposed whether the matrix of a name is written as {@code [in, out]}
     * @param names the name of a parameter in the file; nothing for one that the file does not get
     * @hidden
     */
    public void addTensors(
            SafeTensorsBuilder file,
            Dtype precision,
            Predicate<String> isTransposed,
            Function<String, Optional<String>> names) {
        NetworkTensors.add(this, file, precision, isTransposed, names);
    }

    /**
     * Creates the network that {@link #toTensors} returned.
     *
     * @param tensors its parameters and architecture
     * @return a network with arrays of its own, all of whose parameters are trainable
     * @throws SafeTensorsException if there is no architecture, the tensors are not exactly its parameters, or one is NaN or
     *     infinite
     */
    public static Network fromTensors(SafeTensors tensors) throws SafeTensorsException {
        Objects.requireNonNull(tensors, "tensors must not be null");
        return NetworkTensors.create(tensors);
    }

    /**
     * Copies the network without its parametrizations. Layers that share a parameter do so in the copy.
     *
     * @return a network with arrays of its own, all trainable
     */
    public Network copy() {
        return with(
                layer -> {
                    INDArray bias = layer.bias();
                    return layer.with(
                            layer.weightParameter().weight().matrix().copy(), bias == null ? null : bias.dup());
                },
                layer -> true);
    }

    /**
     * Copies the network with other weights; not part of the API.
     *
     * @param weights gives the replacement of each layer with weights
     * @param keepsWeight whether the replacement of a layer has an equal weight; layers that share a parameter share it in the
     *     copy if both do
     * @return the copy
     * @hidden
     */
    public Network with(UnaryOperator<WeightedLayer> weights, Predicate<WeightedLayer> keepsWeight) {
        Map<Parameter, Embedding> tables = new HashMap<>();
        // A layer that several others share is copied once.
        IdentityHashMap<WeightedLayer, WeightedLayer> copies = new IdentityHashMap<>();
        UnaryOperator<WeightedLayer> tying = layer -> {
            WeightedLayer known = copies.get(layer);
            if (known != null) {
                return known;
            }
            boolean keeps = keepsWeight.test(layer);
            Embedding table = keeps ? tables.get(layer.weightParameter()) : null;
            if (table != null && layer instanceof Linear) {
                return Linear.tiedTo(layer.path(), table);
            }
            WeightedLayer copy = weights.apply(layer);
            copies.put(layer, copy);
            if (keeps && copy instanceof Embedding embedding) {
                tables.put(layer.weightParameter(), embedding);
            }
            return copy;
        };
        return new Network(layers().stream().map(layer -> layer.with(tying)).toList());
    }

    /**
     * Copies the network with its enabled parametrizations merged into the weights.
     *
     * @return a plain network with arrays of its own, all trainable
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public Network merge() {
        return with(Merging.of(EFFECTIVE), Merging.keepsWeight(EFFECTIVE));
    }

    @Override
    public String toString() {
        return "Network" + layers();
    }

    /** Builds a network layer by layer. */
    public static final class Builder {
        private final List<Function<SplittableRandom, Layer>> layers = new ArrayList<>();
        private long size;
        private DataType dataType = DataType.FLOAT;

        private Builder(long inputSize) {
            requirePositive("the input size", inputSize);
            size = inputSize;
        }

        private static void requirePositive(String what, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(what + " must be at least 1, found " + value);
            }
        }

        /**
         * Sets the type of all parameters; FLOAT by default.
         *
         * @param type FLOAT or DOUBLE
         * @return this
         * @throws IllegalArgumentException if it is another type
         */
        public Builder dataType(DataType type) {
            if (type != DataType.FLOAT && type != DataType.DOUBLE) {
                throw new IllegalArgumentException("a network's type must be FLOAT or DOUBLE, found " + type);
            }
            dataType = type;
            return this;
        }

        /**
         * Adds a dense layer with a bias.
         *
         * @param path the module path, distinct
         * @param outputSize the number of its outputs, at least 1
         * @return this
         * @throws IllegalArgumentException if the size is less than 1
         */
        public Builder linear(String path, long outputSize) {
            return linear(path, outputSize, true);
        }

        /**
         * Adds a dense layer.
         *
         * @param path the module path, distinct
         * @param outputSize the number of its outputs, at least 1
         * @param bias whether it has a bias
         * @return this
         * @throws IllegalArgumentException if the size is less than 1
         */
        public Builder linear(String path, long outputSize, boolean bias) {
            requirePositive(path + ": the output size", outputSize);
            long in = size;
            layers.add(random -> {
                // PyTorch's default: Kaiming-uniform with a = √5, which is U(±1/√in), for weight and bias.
                double bound = 1 / Math.sqrt((double) in);
                INDArray weight = RandomArrays.uniform(random, bound, dataType, outputSize, in);
                return new Linear(
                        path, weight, bias ? RandomArrays.uniform(random, bound, dataType, outputSize) : null);
            });
            size = outputSize;
            return this;
        }

        /**
         * Adds a ReLU.
         *
         * @return this
         */
        public Builder relu() {
            return activation(new ActivationReLU());
        }

        /**
         * Adds an activation.
         *
         * @param function any of ND4J's functions that has neither parameters nor state
         * @return this
         * @throws IllegalArgumentException if the function has parameters or state
         */
        public Builder activation(IActivation function) {
            return activation(function + "_" + layers.size(), function);
        }

        Builder activation(String path, IActivation function) {
            Activation activation = new Activation(path, function);
            layers.add(random -> activation);
            return this;
        }

        /**
         * Creates the network with PyTorch's default initialization: weights and biases from U(−1/√in, 1/√in). The same
         * seed gives the same network, bit for bit.
         *
         * @param seed the seed of the initial parameters
         * @return a network, all of whose parameters are trainable
         * @throws IllegalArgumentException if there is no linear layer or a path is not distinct
         * @throws IllegalStateException if ND4J has no backend
         */
        public Network build(long seed) {
            Backend.require();
            SplittableRandom random = new SplittableRandom(seed);
            return new Network(layers.stream().map(layer -> layer.apply(random)).toList());
        }
    }
}
