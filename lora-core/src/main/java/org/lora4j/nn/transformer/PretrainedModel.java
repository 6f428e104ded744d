package org.lora4j.nn.transformer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.model.GgufPrecision;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.Truncate;
import org.lora4j.nn.weight.internal.WeightMatrix;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A transformer of others, as Hugging Face's {@code transformers} stores it in a folder: {@code config.json} and
 * {@code model.safetensors}. The field {@code model_type} of the configuration says which one:
 *
 * <ul>
 *   <li>encoders: {@code bert}, {@code roberta}, {@code xlm-roberta}, {@code distilbert}, {@code electra}, {@code mpnet},
 *       {@code deberta-v2}, {@code modernbert}, {@code new} (GTE), {@code nomic_bert}, and {@code gemma3_text} whose tokens see
 *       all others (EmbeddingGemma);
 *   <li>decoders: {@code llama}, {@code mistral}, {@code qwen2}, {@code qwen3}, {@code smollm3}, {@code phi3}, {@code gemma2},
 *       {@code gemma3_text}, {@code gpt2}.
 * </ul>
 *
 * <pre>{@code
 * PretrainedModel llama = PretrainedModel.load(folder);
 * LoRAModel model = LoRAModel.of(llama.causal());
 * model.add("support", LoRAConfig.builder().rank(8).alpha(16).targetModules(llama.config().defaultTargets()).build());
 * }</pre>
 *
 * <p>Each method that returns a {@link Network} puts another end on the model. The networks take
 * {@link org.lora4j.nn.input.Sequences}. Module paths are Hugging Face's, so adapters are exchanged with PEFT: with
 * {@code bert.}, {@code model.} or the like before them for {@link #causal} and the classifiers, and without for the others.
 *
 * <p>The networks of one model share their arrays. With adapters the arrays are only read. To train the arrays themselves,
 * load a model for each network.
 */
public final class PretrainedModel {
    private static final Logger log = LoggerFactory.getLogger(PretrainedModel.class);

    private final ModelConfig config;
    private final ModelTensors tensors;
    private final SentenceModules sentences;

    private PretrainedModel(ModelConfig config, ModelTensors tensors, SentenceModules sentences) {
        this.config = config;
        this.tensors = tensors;
        this.sentences = sentences;
    }

    /**
     * Loads a model in FLOAT.
     *
     * @param folder a folder with {@code config.json} and the weights, or a GGUF file
     * @return the model
     * @throws IOException as {@link #load(Path, DataType)}
     */
    public static PretrainedModel load(Path folder) throws IOException {
        return load(folder, DataType.FLOAT);
    }

    /**
     * Loads a model. The weights are in {@code model.safetensors}, or in several files that
     * {@code model.safetensors.index.json} names; these are read one after the other. Weights of 16 bits are converted. Names
     * with and without the prefix of a model with a head are understood, and those of old files. What is computed anew, such as
     * position ids and masks, and the heads of pre-training of encoders are left out. The files of sentence-transformers,
     * {@code modules.json} and the folders of its modules, decide about {@link #sentenceEmbeddings} if they are there.
     *
     * @param folder a folder with {@code config.json} and the weights, or a GGUF file
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException if a file is missing or cannot be read; a {@link org.lora4j.io.safetensors.SafeTensorsException} if the tensors
     *     are damaged or not those of the configuration, which lists all that are missing, left over or of another shape
     * @throws IllegalArgumentException if the configuration is wrong or one of a model that this library does not compute, the
     *     index is wrong, or the type is neither FLOAT nor DOUBLE
     */
    public static PretrainedModel load(Path folder, DataType dataType) throws IOException {
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
     * @param folder a folder with {@code config.json} and the weights, or a GGUF file
     * @param storage the precision, see {@link BaseStorage}
     * @return the model, in FLOAT
     * @throws IOException as {@link #load(Path, DataType)}
     * @throws IllegalArgumentException as {@link #load(Path, DataType)}
     */
    public static PretrainedModel load(Path folder, BaseStorage storage) throws IOException {
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
    public static PretrainedModel load(ModelSource source, DataType dataType) throws IOException {
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
    public static PretrainedModel load(ModelSource source, BaseStorage storage) throws IOException {
        return load(source, ModelTensors.Form.of(storage));
    }

    private static PretrainedModel load(ModelSource source, ModelTensors.Form form) throws IOException {
        ModelConfig config = ModelConfig.read(source);
        SentenceModules sentences = SentenceModules.read(source);
        PretrainedModel model = create(config, TensorFiles.open(source), form, sentences);
        ModelTensors tensors = model.tensors;
        for (SentenceDense dense : sentences.denseIfComputable()) {
            tensors = tensors.with(dense.prefix(), dense.open(source), form);
        }
        return new PretrainedModel(config, tensors, sentences);
    }

    /**
     * Creates a model from the content of its two files. It has no files of sentence-transformers.
     *
     * @param config the content of {@code config.json}
     * @param tensors the content of {@code model.safetensors}
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException if the tensors cannot be read; a {@link org.lora4j.io.safetensors.SafeTensorsException} if they are not those of
     *     the configuration
     * @throws IllegalArgumentException if the type is neither FLOAT nor DOUBLE
     */
    public static PretrainedModel of(ModelConfig config, SafeTensors tensors, DataType dataType) throws IOException {
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
     * @throws IllegalArgumentException if the tensors have an output matrix that the configuration calls tied, and it differs
     */
    public static PretrainedModel of(ModelConfig config, SafeTensors tensors, BaseStorage storage) throws IOException {
        return of(config, tensors, ModelTensors.Form.of(storage));
    }

    private static PretrainedModel of(ModelConfig config, SafeTensors tensors, ModelTensors.Form form)
            throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        return create(config, TensorFiles.of(tensors), form, SentenceModules.NONE);
    }

    /**
     * Creates a model with random weights, to train it from the start. Matrices are drawn from
     * {@code N(0, initializer_range²)}, where the default of the range is 0.02, the factors of the normalizations are 1, and
     * biases are 0. Where the family has matrices with a smaller deviation, as GPT-2 has for {@code c_proj}, they get it. An encoder gets a pooler, and a decoder a head.
     *
     * @param config the configuration
     * @param dataType FLOAT or DOUBLE
     * @param seed the seed of the weights
     * @return the model
     * @throws IllegalArgumentException if the type is neither FLOAT nor DOUBLE, or the range is negative or not finite
     */
    public static PretrainedModel initialize(ModelConfig config, DataType dataType, long seed) {
        Objects.requireNonNull(config, "config must not be null");
        ModelTensors.Form form = ModelTensors.Form.of(dataType);
        try {
            return of(config, InitialTensors.create(config, dataType, seed), form);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Returns the files of a model without weights that there are: all that this library reads.
     *
     * @param source the files of a model
     * @return their names
     * @throws IOException if this cannot be found out
     */
    public static List<String> settingFiles(ModelSource source) throws IOException {
        return ModelFiles.settings(Objects.requireNonNull(source, "source must not be null"));
    }

    /**
     * Returns the files of a model with the weights, and the index if there are several.
     *
     * @param source the files of a model
     * @return their names
     * @throws IOException if there are none, or one that the index names is missing
     * @throws IllegalArgumentException if the index is wrong
     */
    public static List<String> weightFiles(ModelSource source) throws IOException {
        return ModelFiles.weights(Objects.requireNonNull(source, "source must not be null"));
    }

    private static PretrainedModel create(
            ModelConfig config, TensorFiles files, ModelTensors.Form form, SentenceModules sentences)
            throws IOException {
        ModelTensors tensors = ModelTensors.read(files, config, form);
        PretrainedModel model = new PretrainedModel(config, tensors, sentences);
        model.requireTiedHead();
        return model;
    }

    /** Checks that a head which is stored although it is tied is a copy of the embedding. */
    private void requireTiedHead() {
        if (config.family() instanceof DecoderFamily decoder
                && decoder.isTied()
                && tensors.contains(DecoderFamily.HEAD_WEIGHT)) {
            String table = DecoderFamily.word(decoder.layers(parts(""))).path() + ".weight";
            if (!tensors.areEqual(DecoderFamily.HEAD_WEIGHT, table)) {
                throw new IllegalArgumentException(ModelConfig.FILE
                        + ": tie_word_embeddings must be false if the file has an " + DecoderFamily.HEAD_WEIGHT
                        + " of its own, found true and a matrix that differs from " + table);
            }
        }
    }

    /**
     * Returns the configuration: the type of the model, its limits and its default target modules.
     *
     * @return the configuration of the file, or as {@link #withDropout} changed it
     */
    public ModelConfig config() {
        return config;
    }

    /**
     * Returns the same model with another dropout in training.
     *
     * @param probability at least 0 and below 1; 0 for none
     * @return a model that shares the arrays
     * @throws IllegalArgumentException if the probability is not in this range
     */
    public PretrainedModel withDropout(double probability) {
        return new PretrainedModel(config.withDropout(probability), tensors, sentences);
    }

    /**
     * Returns the same model whose classifier of texts has another meaning, for {@link #save}: {@link ModelConfig#withProblemType}.
     *
     * @param type what its outputs mean
     * @return a model that shares the arrays
     */
    public PretrainedModel withProblemType(ModelConfig.ProblemType type) {
        return new PretrainedModel(config.withProblemType(type), tensors, sentences);
    }

    /**
     * Returns the model alone, such as Hugging Face's {@code BertModel} or {@code LlamaModel}.
     *
     * @return a network whose output is the last hidden state {@code [tokens, dim]}, after the last normalization;
     *     {@link org.lora4j.nn.input.Sequences#pad} arranges it by sequence
     */
    public Network lastHiddenState() {
        return network(parts(""), List.of());
    }

    /**
     * Returns the language model, such as Hugging Face's {@code LlamaForCausalLM}.
     *
     * @return a network whose output is the logits of the next token {@code [tokens, vocab]}
     * @throws IllegalStateException if the model is an encoder, or the head is not tied and the file has none
     */
    public Network causal() {
        if (!(config.family() instanceof DecoderFamily decoder)) {
            throw new IllegalStateException("causal: the model must be a decoder, such as Llama, Qwen or GPT-2, found "
                    + config.modelType() + ", an encoder");
        }
        if (!canGenerate()) {
            throw new IllegalStateException("causal: the file must have " + DecoderFamily.HEAD_WEIGHT
                    + ", since tie_word_embeddings in " + ModelConfig.FILE + " is false, found none");
        }
        return new Network(decoder.causal(parts(decoder.prefix())));
    }

    /**
     * Returns whether the model has a language model.
     *
     * @return true if {@link #causal} is possible; false for an encoder, and for a decoder without a head
     */
    public boolean canGenerate() {
        return config.family() instanceof DecoderFamily decoder
                && (decoder.isTied() || tensors.contains(DecoderFamily.HEAD_WEIGHT));
    }

    /**
     * Returns whether the file has a pooler.
     *
     * @return true if {@link #pooled()} is possible
     */
    public boolean hasPooler() {
        Set<String> pooler = expected().pooler();
        return !pooler.isEmpty() && pooler.stream().allMatch(tensors::contains);
    }

    /**
     * Returns the model with the pooler, for BERT {@code tanh(W·h₀ + b)} of the first token's vector.
     *
     * @return a network with the output {@code [n, dim]}
     * @throws IllegalStateException if the file has no pooler
     */
    public Network pooled() {
        if (!hasPooler()) {
            throw new IllegalStateException(
                    "pooled: the file must have a pooler, found none; choose another end, such as meanPooled()");
        }
        ModelParts parts = parts("");
        return network(parts, config.family().pooler(parts));
    }

    /**
     * Returns the model with the mean over the tokens of each sequence: {@code 1/t·Σhᵢ} of the last hidden states of its t
     * tokens.
     *
     * @return a network with the output {@code [n, dim]}
     */
    public Network meanPooled() {
        ModelParts parts = parts("");
        return network(parts, List.of(parts.pooling("mean", Pooling.Method.MEAN)));
    }

    /**
     * Returns the model with the modules of {@code modules.json} on it, in their order: the sentence embedding of
     * sentence-transformers. It computes all modes of {@code Pooling}, {@code Dense} and {@code Normalize}. The layer of a
     * {@code Dense} has the module path of its folder, such as {@code 2_Dense.linear}, and can be adapted as all others.
     *
     * <p>Without {@code modules.json} it is the pooling of {@code 1_Pooling/config.json}, divided by its norm; and the mean
     * without that file too, as sentence-transformers guesses. A warning says so, because a model whose files were not all
     * downloaded gets wrong embeddings.
     *
     * @return a network with the output {@code [n, dim]}; of norm 1 if {@code Normalize} is the last module, or there is no
     *     {@code modules.json}
     * @throws IllegalArgumentException if the files of sentence-transformers ask for modules that this library does not compute,
     *     or that do not fit; the message names them
     */
    public Network sentenceEmbeddings() {
        if (sentences.isGuess()) {
            log.warn(
                    "the model has neither {} nor {}, so its sentence embeddings are the mean over the tokens; if it has"
                            + " these files on the hub, download them too",
                    SentenceModules.MODULES,
                    SentenceModules.POOLING);
        }
        ModelParts parts = parts("");
        return network(parts, sentences.layers(parts, config.family().hiddenSize()));
    }

    /**
     * Returns {@link #sentenceEmbeddings()} with fewer numbers, the first ones: {@code truncate_dim} of sentence-transformers.
     * They suit models that were trained for it, such as those with Matryoshka in their description. If {@code Normalize} is the
     * last module, the shorter vectors have the norm 1 too.
     *
     * @param dimensions the length of an embedding
     * @return a network with the output {@code [n, dimensions]}
     * @throws IllegalArgumentException as {@link #sentenceEmbeddings()}, or if the embeddings are shorter than that
     */
    public Network sentenceEmbeddings(int dimensions) {
        Network whole = sentenceEmbeddings();
        if (dimensions < 1 || dimensions > whole.outputSize()) {
            throw new IllegalArgumentException("dimensions must be between 1 and the " + whole.outputSize()
                    + " numbers of an embedding, found " + dimensions);
        }
        if (dimensions == whole.outputSize()) {
            return whole;
        }
        List<Layer> layers = new ArrayList<>(whole.layers());
        int last = layers.size() - 1;
        // What is cut before the normalization has the same direction as what is cut after it.
        layers.add(layers.get(last) instanceof Normalize ? last : last + 1, new Truncate("dimensions", dimensions));
        return new Network(layers);
    }

    /**
     * Returns whether files say how sentence embeddings are made, and this library computes that.
     *
     * @return true if {@link #sentenceEmbeddings} is possible and no guess
     */
    public boolean canEmbed() {
        if (sentences.isGuess()) {
            return false;
        }
        try {
            return !sentences.layers(parts(""), config.family().hiddenSize()).isEmpty();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /**
     * Returns how {@link #sentenceEmbeddings} makes one vector of those of the tokens.
     *
     * @return the modes of the pooling, of which most models have one; the mean if no file says how
     * @throws IllegalArgumentException as {@link #sentenceEmbeddings}
     */
    public List<Pooling.Method> pooling() {
        return sentences.pooling().methods();
    }

    /**
     * Returns whether {@link #sentenceEmbeddings} pools the tokens of prompts too.
     *
     * @return false if the pooling has {@code include_prompt} false; prompts must be marked then, see
     *     {@link org.lora4j.nn.input.Sequences#withPrompt}
     */
    public boolean poolsPrompt() {
        return !canEmbed() || sentences.pooling().includesPrompt();
    }

    /**
     * Returns whether the file has a classifier.
     *
     * @return true if {@link #classifier()} is possible
     */
    public boolean hasClassifier() {
        return !config.isTokenClassifier() && hasClassifierTensors();
    }

    private boolean hasClassifierTensors() {
        return expected().classifier().stream().allMatch(tensors::contains);
    }

    /**
     * Returns the model with the classifier of the file, such as Hugging Face's {@code BertForSequenceClassification}. On a
     * decoder it is a layer without bias on the vector of the last token.
     *
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalStateException if the file has no classifier
     */
    public Network classifier() {
        if (!hasClassifier()) {
            throw new IllegalStateException("classifier: the file must have "
                    + String.join(" and ", expected().classifier())
                    + ", found none; give the number of labels for a new one, classifier(labels, seed)");
        }
        ModelParts parts = parts(config.family().prefix());
        return network(parts, config.family().classifier(parts));
    }

    /**
     * Returns whether the file has what a new classifier needs.
     *
     * @return true if {@link #classifier(int, long)} is possible; false if it needs a pooler, and the file has none
     */
    public boolean canClassify() {
        return expected().underClassifier().stream().allMatch(tensors::contains);
    }

    /**
     * Returns the model with a new classifier, as {@link #classifier()} has it: Hugging Face's class before it is trained. BERT's
     * is on the output of the pooler. The weights are drawn from a normal distribution with standard deviation 0.02, and biases are 0.
     * Layers of the classifier below that of the labels are those of the file if it has them.
     *
     * @param labels the number of classes, at least 1
     * @param seed the seed of the weights
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalArgumentException if there are fewer than 1 labels
     * @throws IllegalStateException if the classifier needs a pooler, and the file has none
     */
    public Network classifier(int labels, long seed) {
        ModelParts parts = newEnd(labels, seed);
        return network(parts, config.family().classifier(parts));
    }

    /**
     * Returns the model with a new linear classifier on the mean over the tokens, which suits encoders that were trained for
     * sentence embeddings. It is initialized as {@link #classifier(int, long)} does it.
     *
     * @param labels the number of classes, at least 1
     * @param seed the seed of the weight
     * @return a network with the output {@code [n, labels]}
     * @throws IllegalArgumentException if there are fewer than 1 labels
     */
    public Network meanClassifier(int labels, long seed) {
        ModelParts parts = newEnd(labels, seed);
        return network(parts, config.family().meanClassifier(parts));
    }

    /**
     * Returns whether the file has a classifier of tokens: {@code architectures} of the configuration names one.
     *
     * @return true if {@link #tokenClassifier()} is possible
     */
    public boolean hasTokenClassifier() {
        return config.isTokenClassifier() && config.canClassifyTokens() && hasClassifierTensors();
    }

    /**
     * Returns the model with the classifier of tokens of the file, such as Hugging Face's {@code BertForTokenClassification}: a layer on
     * the vector of each token, and ModernBERT's {@code head} before it. On a decoder the layer is {@code score} with a bias, unless the
     * configuration has {@code token_classification_bias} false; on GPT-2 it is {@code classifier}.
     *
     * @return a network with the output {@code [tokens, labels]}, in the order of the tokens of {@link org.lora4j.nn.input.Sequences};
     *     {@link org.lora4j.nn.input.Sequences#pad} arranges it by sequence
     * @throws IllegalStateException if the file has no classifier of tokens, or {@code transformers} has no class for the family
     */
    public Network tokenClassifier() {
        requireTokenClassifier();
        if (!hasTokenClassifier()) {
            throw new IllegalStateException("tokenClassifier: the file must be that of a "
                    + config.family().architecture() + ModelConfig.TOKEN_CLASSIFIER
                    + " in architectures of " + ModelConfig.FILE
                    + ", found another; give the number of labels for a new one, tokenClassifier(labels, seed)");
        }
        ModelParts parts = parts(config.family().prefix());
        return network(parts, config.family().tokenClassifier(parts));
    }

    private void requireTokenClassifier() {
        if (!config.canClassifyTokens()) {
            throw new IllegalStateException("tokenClassifier: the model must be of a family with a class" + " …"
                    + ModelConfig.TOKEN_CLASSIFIER + " of transformers, found " + config.modelType());
        }
    }

    /**
     * Returns the model with a new classifier of tokens, as {@link #tokenClassifier()} has it. The layer of the labels is drawn from a
     * normal distribution with standard deviation 0.02, and its bias is 0. ModernBERT's {@code head} is that of the file, or new if it has
     * none.
     *
     * @param labels the number of labels, at least 1
     * @param seed the seed of the weights
     * @return a network with the output {@code [tokens, labels]}
     * @throws IllegalArgumentException if there are fewer than 1 labels
     * @throws IllegalStateException if {@code transformers} has no class for the family
     */
    public Network tokenClassifier(int labels, long seed) {
        requireTokenClassifier();
        ModelParts parts = newEnd(labels, seed);
        return network(parts, config.family().tokenClassifier(parts));
    }

    /**
     * Returns the language model with one output for each sequence: how much likelier one token follows than another,
     * {@code z = l[token] − l[other]} of the logits l of the last token. The probability of the first of the two alone is
     * {@code 1/(1 + exp(−z))}. So rerankers such as Qwen3-Reranker score a prompt: with the tokens of yes and no.
     *
     * <p>The output is the layer {@code score}, whose only row is the difference of two rows of the head. A saved network is a
     * classifier of one label.
     *
     * @param token the token that speaks for a high score
     * @param other the token that speaks against it
     * @return a network with the output {@code [n, 1]}
     * @throws IllegalStateException if the model has no language model, see {@link #causal}, or its logits are more than the products
     *     with a matrix
     * @throws IllegalArgumentException if a token is not one of the vocabulary
     */
    public Network tokenScore(int token, int other) {
        List<Layer> layers = new ArrayList<>(causal().layers());
        if (!(layers.remove(layers.size() - 1) instanceof Linear head)) {
            throw new IllegalStateException(
                    "tokenScore: the head must be a linear layer, found another one in a " + config.modelType());
        }
        int vocabulary = Math.toIntExact(head.shape()[0]);
        for (int id : new int[] {token, other}) {
            if (id < 0 || id >= vocabulary) {
                throw new IllegalArgumentException(
                        "tokenScore: a token must be between 0 and " + (vocabulary - 1) + ", found " + id);
            }
        }
        WeightMatrix matrix = head.weightParameter().weight().matrix();
        INDArray difference = matrix.row(token)
                .castTo(tensors.type())
                .sub(matrix.row(other).castTo(tensors.type()))
                .dup('c');
        INDArray bias = head.bias();
        layers.add(parts("").pooling("last", Pooling.Method.LAST));
        layers.add(new Linear(
                DecoderFamily.SCORE,
                difference,
                bias == null
                        ? null
                        : bias.get(NDArrayIndex.interval(token, token + 1))
                                .sub(bias.get(NDArrayIndex.interval(other, other + 1)))));
        return new Network(layers);
    }

    private ExpectedTensors expected() {
        return ExpectedTensors.of(config, tensors.shapes());
    }

    private ModelParts parts(String prefix) {
        return new ModelParts(tensors, tensors, prefix);
    }

    private ModelParts newEnd(int labels, long seed) {
        return new ModelParts(
                tensors, new NewTensors(tensors, labels, seed), config.family().prefix());
    }

    private Network network(ModelParts parts, List<Layer> end) {
        List<Layer> layers = new ArrayList<>(config.family().layers(parts));
        layers.addAll(end);
        return new Network(layers);
    }

    /**
     * Saves a network of this model as {@code config.json} and {@code model.safetensors}, so that {@code transformers} loads
     * it: a plain model, a language model or one with a classifier. The files of sentence-transformers are written too if the
     * model has them. Parametrizations are not saved; merge adapters first. A head whose merged matrix is no longer that of the
     * embedding is saved with it, and {@code tie_word_embeddings} is false then.
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
        Objects.requireNonNull(network, "network must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        new ModelWriter(config, tensors, sentences).write(network, folder, precision);
    }

    /**
     * Saves a network of a model that was loaded from a GGUF file as another GGUF file, with the keys, the tokenizer and the chat
     * template of the first one. Tensors that the network has not changed keep their bytes.
     *
     * @param network a network that this model returned, or a copy, such as {@code model.merge("name")}
     * @param base the GGUF file that this model was loaded from
     * @param precision the form of matrices that have changed
     * @param file the file that is written, another one than the base
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if the network has a parameter that the file has not, such as a classifier or a head that is no
     *     longer that of the embedding; this model holds matrices that a {@link BaseStorage} has rounded; or an element is not finite in
     *     the precision
     */
    public void saveGguf(Network network, Path base, GgufPrecision precision, Path file) throws IOException {
        Objects.requireNonNull(network, "network must not be null");
        GgufModelWriter.write(config.family(), expected(), tensors, network, base, precision, file);
    }

    @Override
    public String toString() {
        return "PretrainedModel[" + config + "]";
    }
}
