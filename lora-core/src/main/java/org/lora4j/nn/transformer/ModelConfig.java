package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.GgufModel;

/**
 * The configuration of a model, {@code config.json} of Hugging Face's {@code transformers}, which was checked: this library
 * computes the model. Immutable.
 */
public final class ModelConfig {
    static final String FILE = JsonFields.FILE;

    /** What the names of transformers' classes end with. */
    static final String SEQUENCE_CLASSIFIER = "ForSequenceClassification";

    static final String TOKEN_CLASSIFIER = "ForTokenClassification";

    private static final String PROBLEM_TYPE = "problem_type";

    private final String place;
    private final ObjectNode json;
    private final JsonFields fields;
    private final Family family;

    /** What the outputs of a classifier of texts mean: {@code problem_type} of {@code config.json}. */
    public enum ProblemType {
        /** One label of several for each text. The outputs are logits of the softmax. */
        SINGLE_LABEL_CLASSIFICATION,
        /** Any number of labels for each text. Each output is the logit of its label alone. */
        MULTI_LABEL_CLASSIFICATION,
        /** Numbers. */
        REGRESSION;

        /**
         * Returns the type of a name.
         *
         * @param name the name in {@code config.json}, such as {@code multi_label_classification}
         * @return the type
         * @throws IllegalArgumentException if there is none of this name
         */
        public static ProblemType of(String name) {
            Objects.requireNonNull(name, "name must not be null");
            for (ProblemType type : values()) {
                if (type.text().equals(name)) {
                    return type;
                }
            }
            throw new IllegalArgumentException("problem_type must be one of "
                    + Arrays.stream(values()).map(ProblemType::text).toList() + ", found '" + name + "'");
        }

        /**
         * Returns the name that files have.
         *
         * @return in small letters
         */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private ModelConfig(String place, ObjectNode file) {
        this.place = place;
        json = Families.ofText(file);
        fields = new JsonFields(json);
        family = Families.read(fields);
    }

    /**
     * Reads a configuration. A field that is absent or null has the default of {@code transformers}; without a
     * {@code model_type}, the model is a BERT.
     *
     * @param json the text of a {@code config.json}
     * @return the configuration
     * @throws IllegalArgumentException if it is no JSON object, a field is missing or wrong, or the model is one that this
     *     library does not compute: another model type, activation or rope type, relative positions, cross attention, experts,
     *     quantised weights. The message lists all that is wrong
     */
    public static ModelConfig parse(String json) {
        Objects.requireNonNull(json, "json must not be null");
        return new ModelConfig(FILE, JsonFields.parse(FILE, json));
    }

    /**
     * Reads the {@code config.json} of a folder.
     *
     * @param folder the folder of a model
     * @return the configuration
     * @throws IOException as {@link #read(ModelSource)}
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static ModelConfig read(Path folder) throws IOException {
        return read(ModelSource.of(folder));
    }

    /**
     * Reads the {@code config.json} of a model.
     *
     * @param source the files of the model
     * @return the configuration
     * @throws IOException if there is no such file, or it cannot be read
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static ModelConfig read(ModelSource source) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        String file = source.describe(FILE);
        Path folder = source.path(FILE).map(Path::getParent).orElse(null);
        if (folder != null) {
            requireFolder(folder);
        }
        ObjectNode json = JsonFields.parse(file, ModelFiles.read(source, FILE));
        if (source instanceof GgufSource) {
            return ofGguf(source.toString(), json);
        }
        return new ModelConfig(folder == null ? file : folder.toString(), json);
    }

    /** Says which file is wrong, because there is no config.json. */
    private static ModelConfig ofGguf(String place, ObjectNode json) {
        try {
            return new ModelConfig(place, json);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(place + ": its keys say, as " + e.getMessage(), e);
        }
    }

    private static void requireFolder(Path folder) throws FileSystemException {
        String found = null;
        if (!Files.isDirectory(folder)) {
            found = Files.exists(folder) ? ", found a file" : ", found nothing";
        } else if (!Files.exists(folder.resolve(FILE))) {
            boolean isAdapter = Files.exists(folder.resolve("adapter_config.json"));
            found = ", with config.json, found " + (isAdapter ? "an adapter; give the folder of its base" : "none");
        }
        if (found != null) {
            throw new FileSystemException(folder.toString(), null, "must be the folder of a model" + found);
        }
    }

    /**
     * Returns the type of the model. Of a model that reads pictures too, such as {@code gemma3}, it is that of the text model,
     * which is all that this library computes.
     *
     * @return {@code model_type}, such as {@code bert} or {@code llama}
     */
    public String modelType() {
        return fields.modelType();
    }

    /**
     * Returns whether the model predicts the next token.
     *
     * @return false for an encoder
     */
    public boolean isDecoder() {
        return family instanceof DecoderFamily;
    }

    /**
     * Refuses an encoder.
     *
     * @param what what needs a decoder, for the message
     * @return this
     * @throws IllegalArgumentException if the model does not predict the next token
     */
    public ModelConfig requireDecoder(String what) {
        return require(isDecoder(), what + " needs a decoder, such as Llama, Qwen or GPT-2, found an encoder");
    }

    /**
     * Refuses a decoder.
     *
     * @param what what needs an encoder, for the message
     * @return this
     * @throws IllegalArgumentException if the model is no encoder
     */
    public ModelConfig requireEncoder(String what) {
        return require(!isDecoder(), what + " needs an encoder of the BERT family, found a decoder");
    }

    private ModelConfig require(boolean isMet, String rule) {
        if (!isMet) {
            throw new IllegalArgumentException(place + ": " + rule);
        }
        return this;
    }

    /**
     * Returns whether the configuration is that of a classifier of sequences.
     *
     * @return true if {@code architectures} names one
     */
    public boolean isClassifier() {
        return hasArchitecture(SEQUENCE_CLASSIFIER);
    }

    /**
     * Returns whether the configuration is that of a classifier of tokens.
     *
     * @return true if {@code architectures} names one
     */
    public boolean isTokenClassifier() {
        return hasArchitecture(TOKEN_CLASSIFIER);
    }

    /**
     * Returns whether a model of this type can have a classifier of tokens.
     *
     * @return true if {@code transformers} has a class for it; false for {@code gemma3_text}
     */
    public boolean canClassifyTokens() {
        return ExpectedTensors.canClassifyTokens(family);
    }

    private boolean hasArchitecture(String end) {
        for (JsonNode architecture : json.path("architectures")) {
            if (architecture.asText().endsWith(end)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns what the outputs of a classifier of texts mean.
     *
     * @return {@code problem_type}; nothing if the file does not say it. Then {@code transformers} takes one output for a number, and
     *     several for classes of which each text has one
     * @throws IllegalArgumentException if the field is none of the three that {@code transformers} knows
     */
    public Optional<ProblemType> problemType() {
        JsonNode found = json.path(PROBLEM_TYPE);
        return found.isMissingNode() || found.isNull() ? Optional.empty() : Optional.of(ProblemType.of(found.asText()));
    }

    /**
     * Returns the same for a classifier of texts whose outputs mean something else. A saved model is described so.
     *
     * @param type what they mean
     * @return a new configuration
     */
    public ModelConfig withProblemType(ProblemType type) {
        Objects.requireNonNull(type, "type must not be null");
        ObjectNode changed = json.deepCopy();
        changed.put(PROBLEM_TYPE, type.text());
        return new ModelConfig(place, changed);
    }

    /**
     * Returns the longest sequence that is computed rightly: the number of positions, times the factor of a linear scaling; with
     * {@code longrope} those before the scaling.
     *
     * @return the number of tokens
     */
    public int maxLength() {
        return family.maxLength();
    }

    /**
     * Returns the number of types of tokens, by which an encoder tells the texts of a pair apart.
     *
     * @return 2 for BERT; 0 or 1 if the model tells no texts apart
     */
    public int tokenTypes() {
        return ExpectedTensors.tokenTypes(family);
    }

    /**
     * Returns the width of the vector of a token.
     *
     * @return the width of the last hidden state
     */
    public int hiddenSize() {
        return family.hiddenSize();
    }

    /**
     * Returns the modules that PEFT adapts in models of this type if none are named, for
     * {@code LoRAConfigBuilder.targetModules}.
     *
     * @return the last parts of their paths, such as {@code q_proj} and {@code v_proj}, in a new array
     */
    public String[] defaultTargets() {
        return family.defaultTargets().toArray(String[]::new);
    }

    /**
     * Returns what the GGUF file of an adapter needs to know about the model.
     *
     * @return llama.cpp's name of the architecture, and the heads
     * @throws IllegalArgumentException if this library writes no GGUF files for models of this type
     */
    public GgufModel ggufModel() {
        requireDecoder("a GGUF file");
        return family.gguf()
                .orElseThrow(() -> new IllegalArgumentException(
                        place + ": this library writes no GGUF files for models of type " + modelType()));
    }

    /**
     * Returns the same with another dropout in training: of embeddings, sums and attention weights, and before a classifier.
     *
     * @param probability at least 0 and below 1; 0 trains without dropout
     * @return a new configuration
     * @throws IllegalArgumentException if the probability is out of range
     */
    public ModelConfig withDropout(double probability) {
        ObjectNode changed = json.deepCopy();
        fields.dropouts().forEach(field -> changed.put(field, probability));
        return new ModelConfig(place, changed);
    }

    Family family() {
        return family;
    }

    /** How many layers the model has, as its field says it, for messages. */
    JsonFields.Layers layers() {
        return fields.layers();
    }

    /** A copy of the file. */
    ObjectNode json() {
        return json.deepCopy();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModelConfig config && fields.values().equals(config.fields.values());
    }

    @Override
    public int hashCode() {
        return fields.values().hashCode();
    }

    @Override
    public String toString() {
        return "ModelConfig" + fields.values();
    }
}
