package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.io.Dtype;
import org.lora4j.io.ModelSource;
import org.lora4j.io.SafeTensors;
import org.lora4j.io.SafeTensorsBuilder;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A transformer encoder of the BERT family (<a href="https://arxiv.org/abs/1810.04805">arXiv:1810.04805</a>), as Hugging
 * Face's {@code transformers} stores it: {@code config.json} and {@code model.safetensors} in a folder.
 *
 * <p>Each method that returns a {@link Network} puts another end on the encoder. The networks take
 * {@link org.lora4j.nn.input.Sequences}. Module paths are Hugging Face's, so adapters are exchanged with PEFT: those of a plain
 * model for {@link #lastHiddenState}, {@link #pooled}, {@link #meanPooled} and {@link #sentenceEmbeddings}; those of a model
 * with a head, with {@code bert.} or {@code roberta.} before them, for the classifiers.
 *
 * <p>The networks of one model share their arrays. With adapters the arrays are only read. To train the arrays themselves,
 * load a model for each network.
 */
public final class BertModel {
    private static final String CONFIG = "config.json";

    private static final Logger log = LoggerFactory.getLogger(BertModel.class);

    private final BertConfig config;
    private final ObjectNode json;
    private final ModelTensors tensors;
    private final DataType dataType;
    private final SentenceModules sentences;

    private BertModel(
            BertConfig config, ObjectNode json, ModelTensors tensors, DataType dataType, SentenceModules sentences) {
        this.config = config;
        this.json = json;
        this.tensors = tensors;
        this.dataType = dataType;
        this.sentences = sentences;
    }

    /**
     * Loads a model in FLOAT.
     *
     * @param folder a folder with {@code config.json} and {@code model.safetensors}
     * @return the model
     * @throws IOException as {@link #load(Path, DataType)}
     */
    public static BertModel load(Path folder) throws IOException {
        return load(folder, DataType.FLOAT);
    }

    /**
     * Loads a model. Weights of 16 bits are converted. Names with and without {@code bert.}, and {@code gamma} and
     * {@code beta} of old files, are understood; the position ids and the heads of pre-training are left out. The files of
     * sentence-transformers, {@code modules.json} and {@code 1_Pooling/config.json}, decide about {@link #sentenceEmbeddings}
     * if they are there.
     *
     * @param folder a folder with {@code config.json} and {@code model.safetensors}
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException if a file cannot be read; a {@link org.lora4j.io.SafeTensorsException} if the tensors are damaged or
     *     not those of the configuration, which lists all that are missing, left over or of another shape
     * @throws IllegalArgumentException if the configuration is wrong or one of a model that this library does not compute, or
     *     the type is neither FLOAT nor DOUBLE
     */
    public static BertModel load(Path folder, DataType dataType) throws IOException {
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
     * @param folder a folder with {@code config.json} and {@code model.safetensors}
     * @param storage the precision, see {@link BaseStorage}
     * @return the model, in FLOAT
     * @throws IOException as {@link #load(Path, DataType)}
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}
     */
    public static BertModel load(Path folder, BaseStorage storage) throws IOException {
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
    public static BertModel load(ModelSource source, DataType dataType) throws IOException {
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
    public static BertModel load(ModelSource source, BaseStorage storage) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return load(source, ModelTensors.Form.of(storage));
    }

    private static BertModel load(ModelSource source, ModelTensors.Form form) throws IOException {
        ObjectNode json = ModelFolder.readConfig(source);
        BertConfig config = BertConfigReader.read(json);
        SentenceModules sentences = SentenceModules.read(source);
        return create(config, json, TensorFiles.open(source), form, sentences);
    }

    /**
     * Creates a model from the content of its two files. It has no files of sentence-transformers.
     *
     * @param config the content of {@code config.json}
     * @param tensors the content of {@code model.safetensors}
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException if the tensors cannot be read; a {@link org.lora4j.io.SafeTensorsException} if they are not those of
     *     the configuration
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}
     */
    public static BertModel of(String config, SafeTensors tensors, DataType dataType) throws IOException {
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
    public static BertModel of(String config, SafeTensors tensors, BaseStorage storage) throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return of(config, tensors, ModelTensors.Form.of(storage));
    }

    private static BertModel of(String config, SafeTensors tensors, ModelTensors.Form form) throws IOException {
        ObjectNode json = JsonFields.parse(config);
        return create(BertConfigReader.read(json), json, TensorFiles.of(tensors), form, SentenceModules.NONE);
    }

    private static BertModel create(
            BertConfig config, ObjectNode json, TensorFiles files, ModelTensors.Form form, SentenceModules sentences)
            throws IOException {
        return new BertModel(
                config, json, ModelTensors.read(files, BertNames.of(config), form), form.type(), sentences);
    }

    /**
     * Returns the configuration.
     *
     * @return the configuration of the file, or as {@link #withDropout} changed it
     */
    public BertConfig config() {
        return config;
    }

    /**
     * Returns the longest sequence that the model computes.
     *
     * @return the number of tokens
     */
    public int maxLength() {
        return ((TokenEmbeddings) lastHiddenState().layers().get(0)).maxLength();
    }

    /**
     * Returns whether the file has a classifier.
     *
     * @return true if {@link #classifier()} is possible
     */
    public boolean hasClassifier() {
        return tensors.contains("classifier.weight") || tensors.contains("classifier.out_proj.weight");
    }

    /**
     * Returns whether the file has a pooler.
     *
     * @return true if {@link #pooled()} is possible
     */
    public boolean hasPooler() {
        return tensors.contains("pooler.dense.weight");
    }

    /**
     * Returns the same model with another dropout in training.
     *
     * @param probability at least 0 and below 1; 0 for none
     * @return a model that shares the arrays
     */
    public BertModel withDropout(double probability) {
        return new BertModel(config.withDropout(probability), json, tensors, dataType, sentences);
    }

    /**
     * Returns the encoder alone.
     *
     * @return a network whose output is the last hidden state {@code [tokens, dim]};
     *     {@link org.lora4j.nn.input.Sequences#pad} arranges it by sequence
     */
    public Network lastHiddenState() {
        return new Network(layers("").encoder());
    }

    /**
     * Returns the encoder with the pooler: {@code tanh(W·h₀ + b)} of the first token's vector.
     *
     * @return a network with the output {@code [n, dim]}
     * @throws IllegalStateException if the file has no pooler
     */
    public Network pooled() {
        BertLayers layers = layers("");
        return network(layers, layers.pooler());
    }

    /**
     * Returns the encoder with the mean over the tokens of each sequence: {@code 1/t·Σhᵢ} of the last hidden states of its t
     * tokens.
     *
     * @return a network with the output {@code [n, dim]}
     */
    public Network meanPooled() {
        BertLayers layers = layers("");
        return network(layers, List.of(layers.pooling(Pooling.Method.MEAN)));
    }

    /**
     * Returns the encoder with the pooling of {@code 1_Pooling/config.json}, divided by its norm: the sentence embedding of
     * sentence-transformers. The pooling is the mean over the tokens of each sequence, or the first token's vector. Without
     * that file it is the mean, as sentence-transformers guesses too. A warning says so, because a model whose files were not
     * all downloaded gets wrong embeddings.
     *
     * @return a network with the output {@code [n, dim]}, of norm 1
     * @throws IllegalArgumentException if the files of sentence-transformers ask for another pooling, such as the maximum, or
     *     for other layers on the encoder; the message names them
     */
    public Network sentenceEmbeddings() {
        Pooling.Method pooling = pooling();
        if (sentences.isGuess()) {
            log.warn(
                    "the model has neither {} nor {}, so its sentence embeddings are the mean over the tokens; if it has"
                            + " these files on the hub, download them too",
                    SentenceModules.MODULES,
                    SentenceModules.POOLING);
        }
        BertLayers layers = layers("");
        return network(layers, layers.sentenceEmbedding(pooling));
    }

    /**
     * Returns how {@link #sentenceEmbeddings} makes one vector of those of the tokens.
     *
     * @return the pooling of {@code 1_Pooling/config.json}, or the mean without that file
     * @throws IllegalArgumentException as {@link #sentenceEmbeddings}
     */
    public Pooling.Method pooling() {
        return sentences.method();
    }

    /**
     * Returns the encoder with the classifier of the file: Hugging Face's {@code BertForSequenceClassification}.
     *
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalStateException if the file has no classifier
     */
    public Network classifier() {
        if (!hasClassifier()) {
            throw new IllegalStateException("classifier: the file must have one, found none; give the number of labels"
                    + " for a new one, classifier(labels, seed)");
        }
        BertLayers layers = layers(prefix());
        return network(layers, layers.classifier());
    }

    /**
     * Returns the encoder with a new classifier on the pooler's output: Hugging Face's {@code BertForSequenceClassification}
     * before it is trained. The weight is drawn from a normal distribution with standard deviation 0.02, the bias is 0.
     *
     * @param labels the number of classes, at least 1
     * @param seed the seed of the weight
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalArgumentException if there are fewer than 1 labels
     * @throws IllegalStateException if the file has no pooler
     */
    public Network classifier(int labels, long seed) {
        BertLayers layers = layers(prefix());
        return network(layers, layers.newClassifier(labels, seed));
    }

    /**
     * Returns the encoder with a new linear classifier on the mean over the tokens, which suits encoders that were trained for
     * sentence embeddings. It is initialized as {@link #classifier(int, long)} does it.
     *
     * @param labels the number of classes, at least 1
     * @param seed the seed of the weight
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalArgumentException if there are fewer than 1 labels
     */
    public Network meanClassifier(int labels, long seed) {
        BertLayers layers = layers(prefix());
        List<Layer> end = new ArrayList<>(layers.newLinearClassifier(labels, seed));
        end.add(0, layers.pooling(Pooling.Method.MEAN));
        return network(layers, end);
    }

    private String prefix() {
        return config.isRoberta() ? "roberta." : "bert.";
    }

    private BertLayers layers(String prefix) {
        return new BertLayers(config, tensors, prefix, dataType);
    }

    private static Network network(BertLayers layers, List<Layer> end) {
        List<Layer> all = new ArrayList<>(layers.encoder());
        all.addAll(end);
        return new Network(all);
    }

    /**
     * Saves a network of this model as {@code config.json} and {@code model.safetensors}, so that {@code transformers} loads
     * it: a plain model, or one with a classifier. The files of sentence-transformers are written too if the model has them.
     * Parametrizations are not saved; merge adapters first.
     *
     * @param network a network that this model returned, or a copy, such as {@code model.merge("name")}
     * @param folder the folder, which is created if it does not exist; files of these names are replaced
     * @throws IOException if a file cannot be written
     * @throws IllegalArgumentException if the network is not one of this model's configuration
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
        Objects.requireNonNull(network, "network must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        SafeTensorsBuilder file = SafeTensors.builder().metadata("format", "pt");
        List<String> names = network.parameters().stream().map(Parameter::name).toList();
        String prefix = names.stream().anyMatch(name -> name.startsWith(prefix())) ? prefix() : "";
        for (String required : BertShapes.encoder(config).keySet()) {
            if (!names.contains(prefix + required)) {
                throw new IllegalArgumentException(
                        "save: the network must be one of this model, found no parameter " + prefix + required);
            }
        }
        network.addTensors(file, precision, name -> false);
        for (String pooler : List.of("pooler.dense.weight", "pooler.dense.bias")) {
            // A network that does not use the pooler keeps it for those that do.
            if (tensors.contains(pooler) && !names.contains(prefix + pooler) && !config.isRoberta()) {
                file.tensor(prefix + pooler, tensors.get(pooler));
            }
        }
        Files.createDirectories(folder);
        file.build().write(folder.resolve(ModelFiles.ONE));
        Files.writeString(
                folder.resolve(CONFIG), describe(network, precision, !prefix.isEmpty()), StandardCharsets.UTF_8);
        sentences.write(folder);
    }

    private String describe(Network network, Dtype precision, boolean classifies) {
        ObjectNode description = json.deepCopy();
        config.writeTo(description);
        String model = config.modelType().equals("bert")
                ? "Bert"
                : config.modelType().equals("roberta") ? "Roberta" : "XLMRoberta";
        ArrayNode architectures = description.putArray("architectures");
        architectures.add(model + (classifies ? "ForSequenceClassification" : "Model"));
        description.put("torch_dtype", ModelFolder.dtype(precision));
        if (classifies) {
            ModelFolder.nameLabels(description, network.outputSize());
        }
        return description.toPrettyString() + "\n";
    }

    @Override
    public String toString() {
        return "BertModel[" + config + "]";
    }
}
