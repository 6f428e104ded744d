package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.lora4j.io.Dtype;
import org.lora4j.io.ModelSource;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A GPT-2 (Radford et al., <i>Language Models are Unsupervised Multitask Learners</i>, 2019), as Hugging Face's
 * {@code transformers} stores it in a folder.
 *
 * <p>The files hold the matrices of its linear layers as {@code [in, out]}; they are read as {@code [out, in]} and written back
 * as they were. {@code c_attn} is one layer for queries, keys and values.
 *
 * <p>Each method that returns a {@link Network} puts another end on the decoder. The networks take
 * {@link org.lora4j.nn.input.Sequences}. Module paths are Hugging Face's, so adapters are exchanged with PEFT: with
 * {@code transformer.} before them for {@link #causal}, and without for {@link #lastHiddenState}.
 *
 * <p>The networks of one model share their arrays. With adapters the arrays are only read. To train the arrays themselves,
 * load a model for each network.
 */
public final class Gpt2Model {
    private final Gpt2Config config;
    private final ModelTensors tensors;
    private final ModelFolder files;

    private Gpt2Model(Gpt2Config config, ModelTensors tensors, ModelFolder files) {
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
    public static Gpt2Model load(Path folder) throws IOException {
        return load(folder, DataType.FLOAT);
    }

    /**
     * Loads a model. The weights are in {@code model.safetensors}, or in several files that
     * {@code model.safetensors.index.json} names; these are read one after the other. Weights of 16 bits are converted.
     * Names with and without {@code transformer.} are understood; the
     * causal masks of old files are left out.
     *
     * @param folder a folder with {@code config.json} and the weights
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException if a file is missing or cannot be read; a {@link org.lora4j.io.SafeTensorsException} if the tensors
     *     are damaged or not those of the configuration, which lists all that are missing, left over or of another shape
     * @throws IllegalArgumentException if the configuration is wrong or one of a model that this library does not compute, the
     *     index is wrong, or the type is neither FLOAT nor DOUBLE
     */
    public static Gpt2Model load(Path folder, DataType dataType) throws IOException {
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
    public static Gpt2Model load(Path folder, BaseStorage storage) throws IOException {
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
    public static Gpt2Model load(ModelSource source, DataType dataType) throws IOException {
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
    public static Gpt2Model load(ModelSource source, BaseStorage storage) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return load(source, ModelTensors.Form.of(storage));
    }

    private static Gpt2Model load(ModelSource source, ModelTensors.Form form) throws IOException {
        ObjectNode json = ModelFolder.readConfig(source);
        Gpt2Config config = Gpt2Config.read(json);
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
    public static Gpt2Model of(String config, SafeTensors tensors, DataType dataType) throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        ModelFolder.requireType(dataType);
        return of(config, tensors, ModelTensors.Form.of(dataType));
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
    public static Gpt2Model of(String config, SafeTensors tensors, BaseStorage storage) throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return of(config, tensors, ModelTensors.Form.of(storage));
    }

    private static Gpt2Model of(String config, SafeTensors tensors, ModelTensors.Form form) throws IOException {
        ObjectNode json = JsonFields.parse(config);
        return create(Gpt2Config.read(json), json, TensorFiles.of(tensors), form);
    }

    private static Gpt2Model create(Gpt2Config config, ObjectNode json, TensorFiles files, ModelTensors.Form form)
            throws IOException {
        ModelTensors tensors = ModelTensors.read(files, Gpt2Names.of(config), form);
        ModelFolder.requireTied(tensors, "wte.weight", config.tiedEmbeddings());
        return new Gpt2Model(config, tensors, new ModelFolder(json, Gpt2Names.PREFIX, form.type()));
    }

    /**
     * Returns the configuration.
     *
     * @return the configuration of the file, or as {@link #withDropout} changed it
     */
    public Gpt2Config config() {
        return config;
    }

    /**
     * Returns the same model with another dropout in training. The configuration of GPT-2 asks for 0.1.
     *
     * @param probability at least 0 and below 1; 0 for none
     * @return a model that shares the arrays
     */
    public Gpt2Model withDropout(double probability) {
        return new Gpt2Model(config.withDropout(probability), tensors, files);
    }

    /**
     * Returns the language model: Hugging Face's {@code GPT2LMHeadModel}.
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
     * {@code GPT2ForSequenceClassification}.
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

    private Gpt2Layers layers() {
        return new Gpt2Layers(config, tensors, Gpt2Names.PREFIX);
    }

    /**
     * Returns the decoder alone: Hugging Face's {@code GPT2Model}.
     *
     * @return a network whose output is the last hidden state, after the last normalization, {@code [tokens, dim]};
     *     {@link org.lora4j.nn.input.Sequences#pad} arranges it by sequence
     */
    public Network lastHiddenState() {
        return new Network(new Gpt2Layers(config, tensors, "").decoder());
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
                network, folder, precision, Gpt2Names.shapes(config, false).keySet(), Gpt2Names::isTransposed, "GPT2");
    }

    @Override
    public String toString() {
        return "Gpt2Model[" + config + "]";
    }
}
