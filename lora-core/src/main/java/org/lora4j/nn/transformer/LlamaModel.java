package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.lora4j.io.Dtype;
import org.lora4j.io.ModelSource;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A decoder of the Llama family (<a href="https://arxiv.org/abs/2302.13971">arXiv:2302.13971</a>): Llama, Mistral, Qwen2 or
 * Qwen3, as Hugging Face's {@code transformers} stores it in a folder.
 *
 * <pre>{@code
 * LlamaModel llama = LlamaModel.load(folder);
 * LoRAModel model = LoRAModel.of(llama.causal());
 * model.add("support", LoRAConfig.builder().rank(8).alpha(16).targetModules("q_proj", "v_proj").build());
 * }</pre>
 *
 * <p>Each method that returns a {@link Network} puts another end on the decoder. The networks take
 * {@link org.lora4j.nn.input.Sequences}. Module paths are Hugging Face's, so adapters are exchanged with PEFT: with
 * {@code model.} before them for {@link #causal}, and without for {@link #lastHiddenState}.
 *
 * <p>The networks of one model share their arrays. With adapters the arrays are only read. To train the arrays themselves,
 * load a model for each network.
 */
public final class LlamaModel {
    private static final Map<String, String> ARCHITECTURES =
            Map.of("llama", "Llama", "mistral", "Mistral", "qwen2", "Qwen2", "qwen3", "Qwen3");

    private final LlamaConfig config;
    private final ModelTensors tensors;
    private final ModelFolder files;

    private LlamaModel(LlamaConfig config, ModelTensors tensors, ModelFolder files) {
        this.config = config;
        this.tensors = tensors;
        this.files = files;
    }

    /**
     * Loads a model in FLOAT.
     *
     * @param folder a folder with {@code config.json} and the weights
     * @return the model
     * @throws IOException as {@link #load(Path, DataType)}
     */
    public static LlamaModel load(Path folder) throws IOException {
        return load(folder, DataType.FLOAT);
    }

    /**
     * Loads a model. The weights are in {@code model.safetensors}, or in several files that
     * {@code model.safetensors.index.json} names; these are read one after the other. Weights of 16 bits are converted.
     * Names with and without {@code model.} are understood; frequencies
     * of old files are left out.
     *
     * @param folder a folder with {@code config.json} and the weights
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException if a file is missing or cannot be read; a {@link org.lora4j.io.SafeTensorsException} if the tensors
     *     are damaged or not those of the configuration, which lists all that are missing, left over or of another shape
     * @throws IllegalArgumentException if the configuration is wrong or one of a model that this library does not compute, the
     *     index is wrong, or the type is neither FLOAT nor DOUBLE
     */
    public static LlamaModel load(Path folder, DataType dataType) throws IOException {
        return load(ModelSource.of(folder), dataType);
    }

    /**
     * Loads a model whose large matrices are stored in a precision. They are read one after the other and are never all in
     * memory as floats, so the loading needs hardly more memory than the loaded model. Weights of a bfloat16 file are exact in
     * bfloat16; others are rounded once.
     *
     * <p>The networks of this model share these matrices, which stay frozen. Biases, normalizations and smaller matrices are
     * trainable until they are frozen, as {@code LoRAModel.of} does it.
     *
     * @param folder a folder with {@code config.json} and the weights
     * @param storage the precision, see {@link BaseStorage}
     * @return the model, in FLOAT
     * @throws IOException as {@link #load(Path, DataType)}
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}
     */
    public static LlamaModel load(Path folder, BaseStorage storage) throws IOException {
        return load(ModelSource.of(folder), storage);
    }

    /**
     * Loads a model from another source than a folder.
     *
     * @param source the files of the model
     * @param dataType as in {@link #load(Path, DataType)}
     * @return the model
     * @throws IOException as {@link #load(Path, DataType)}
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}
     */
    public static LlamaModel load(ModelSource source, DataType dataType) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        ModelFolder.requireType(dataType);
        return load(source, ModelTensors.Form.of(dataType));
    }

    /**
     * Loads a model from another source than a folder.
     *
     * @param source the files of the model
     * @param storage as in {@link #load(Path, BaseStorage)}
     * @return the model
     * @throws IOException as {@link #load(Path, BaseStorage)}
     * @throws IllegalArgumentException as {@link #load(Path, BaseStorage)}
     */
    public static LlamaModel load(ModelSource source, BaseStorage storage) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return load(source, ModelTensors.Form.of(storage));
    }

    private static LlamaModel load(ModelSource source, ModelTensors.Form form) throws IOException {
        ObjectNode json = ModelFolder.readConfig(source);
        LlamaConfig config = LlamaConfigReader.read(json);
        return create(config, json, TensorFiles.open(source), form);
    }

    /**
     * Creates a model from the content of its files, for stores other than folders.
     *
     * @param config the content of {@code config.json}
     * @param tensors the content of {@code model.safetensors}
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException if the tensors are not those of the configuration
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}
     */
    public static LlamaModel of(String config, SafeTensors tensors, DataType dataType) throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        ModelFolder.requireType(dataType);
        return of(config, tensors, ModelTensors.Form.of(dataType));
    }

    /**
     * Creates a model with random weights, to train it from the start. As in {@code transformers}, matrices are drawn from
     * {@code N(0, initializer_range²)}, where the default of the range is 0.02, the factors of the normalizations are 1, and
     * biases are 0.
     *
     * @param config the content of a {@code config.json}
     * @param dataType FLOAT or DOUBLE
     * @param seed the seed of the weights
     * @return the model
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}, or if the range is negative or not finite
     */
    public static LlamaModel initialize(String config, DataType dataType, long seed) {
        Objects.requireNonNull(config, "config must not be null");
        ModelFolder.requireType(dataType);
        ObjectNode json = JsonFields.parse(config);
        LlamaConfig read = LlamaConfigReader.read(json);
        Map<String, long[]> shapes = LlamaNames.shapes(read, !read.tiedEmbeddings());
        try {
            return create(
                    read,
                    json,
                    TensorFiles.of(InitialTensors.create(shapes, json, dataType, seed)),
                    ModelTensors.Form.of(dataType));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Creates a model from the content of its files, with large matrices in a precision as {@link #load(Path, BaseStorage)}
     * stores them.
     *
     * @param config the content of {@code config.json}
     * @param tensors the content of {@code model.safetensors}; arrays that fit are not copied
     * @param storage the precision, see {@link BaseStorage}
     * @return the model, in FLOAT
     * @throws IOException if the tensors are not those of the configuration
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}
     */
    public static LlamaModel of(String config, SafeTensors tensors, BaseStorage storage) throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return of(config, tensors, ModelTensors.Form.of(storage));
    }

    private static LlamaModel of(String config, SafeTensors tensors, ModelTensors.Form form) throws IOException {
        ObjectNode json = JsonFields.parse(config);
        return create(LlamaConfigReader.read(json), json, TensorFiles.of(tensors), form);
    }

    private static LlamaModel create(LlamaConfig config, ObjectNode json, TensorFiles files, ModelTensors.Form form)
            throws IOException {
        ModelTensors tensors = ModelTensors.read(files, LlamaNames.of(config), form);
        ModelFolder.requireTied(tensors, "embed_tokens.weight", config.tiedEmbeddings());
        return new LlamaModel(config, tensors, new ModelFolder(json, LlamaNames.PREFIX, form.type()));
    }

    /**
     * Returns the configuration.
     *
     * @return the configuration of the file
     */
    public LlamaConfig config() {
        return config;
    }

    /**
     * Returns the language model: Hugging Face's {@code LlamaForCausalLM}.
     *
     * @return a network whose output is the logits of the next token {@code [tokens, vocab]}
     * @throws IllegalStateException if the head is not tied and the file has none
     */
    public Network causal() {
        return new Network(layers().causal());
    }

    /**
     * Returns whether the file has a classifier.
     *
     * @return true if {@link #classifier()} is possible
     */
    public boolean hasClassifier() {
        return layers().hasClassifier();
    }

    /**
     * Returns the decoder with the classifier of the file, a layer without bias on the vector of the last token: Hugging Face's
     * {@code LlamaForSequenceClassification}.
     *
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalStateException if the file has no classifier
     */
    public Network classifier() {
        return new Network(layers().classifier());
    }

    /**
     * Returns the decoder with a new classifier, as {@link #classifier()} has it. The weight is drawn from a normal
     * distribution with standard deviation 0.02. Its module is {@code score}.
     *
     * @param labels the number of classes, at least 1
     * @param seed the seed of the weight
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalArgumentException if there are fewer than 1 labels
     */
    public Network classifier(int labels, long seed) {
        return new Network(layers().newClassifier(labels, files.type(), seed));
    }

    private LlamaLayers layers() {
        return new LlamaLayers(config, tensors, LlamaNames.PREFIX);
    }

    /**
     * Returns the decoder alone: Hugging Face's {@code LlamaModel}.
     *
     * @return a network whose output is the last hidden state, after the last normalization, {@code [tokens, dim]};
     *     {@link org.lora4j.nn.input.Sequences#pad} arranges it by sequence
     */
    public Network lastHiddenState() {
        return new Network(new LlamaLayers(config, tensors, "").decoder());
    }

    /**
     * Saves a network of this model as {@code config.json} and {@code model.safetensors}, so that {@code transformers} loads
     * it. Parametrizations are not saved; merge adapters first. A head whose merged matrix is no longer that of the embedding is
     * saved with it, and {@code tie_word_embeddings} is false then.
     *
     * @param network a network that this model returned, or a copy, such as {@code model.merge("name")}
     * @param folder the folder, which is created if it does not exist; files of these names are replaced
     * @throws IOException if a file cannot be written
     * @throws IllegalArgumentException if the network is not one of this model's configuration, or a parameter is not finite
     */
    public void save(Network network, Path folder) throws IOException {
        Objects.requireNonNull(network, "network must not be null");
        save(network, folder, network.fileType());
    }

    /**
     * Saves a network as {@link #save(Network, Path)} does, with its large matrices in a type: those that {@link BaseStorage} is
     * for. In BF16 they are rounded to the nearest bfloat16, and ties to even. Those that are stored in bfloat16 keep their bits.
     *
     * @param network a network that this model returned, or a copy
     * @param folder the folder, which is created if it does not exist; files of these names are replaced
     * @param precision BF16, or the model's own type: F32 for FLOAT, F64 for DOUBLE
     * @throws IOException if a file cannot be written
     * @throws IllegalArgumentException if it is another type, or as {@link #save(Network, Path)}
     */
    public void save(Network network, Path folder, Dtype precision) throws IOException {
        files.save(
                network,
                folder,
                precision,
                LlamaNames.shapes(config, false).keySet(),
                name -> false,
                String.valueOf(ARCHITECTURES.get(config.modelType())));
    }

    @Override
    public String toString() {
        return "LlamaModel[" + config + "]";
    }
}
