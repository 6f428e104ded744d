package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.lora4j.io.Dtype;
import org.lora4j.io.ModelSource;
import org.lora4j.io.SafeTensors;
import org.lora4j.io.SafeTensorsBuilder;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The folder of a model.
 *
 * @param json the configuration as it was read
 * @param prefix what stands before the names in a model with a head
 * @param type the type of the tensors
 */
record ModelFolder(ObjectNode json, String prefix, DataType type) {
    static final String CONFIG = "config.json";

    static ObjectNode readConfig(ModelSource source) throws IOException {
        return JsonFields.parse(ModelJson.read(source, CONFIG));
    }

    static void requireType(DataType dataType) {
        Objects.requireNonNull(dataType, "dataType must not be null");
        if (dataType != DataType.FLOAT && dataType != DataType.DOUBLE) {
            throw new IllegalArgumentException("the type of a model must be FLOAT or DOUBLE, found " + dataType);
        }
    }

    /**
     * Checks that a head which is stored although it is tied is a copy of the embedding.
     *
     * @throws IllegalArgumentException if it is another matrix
     */
    static void requireTied(ModelTensors tensors, String embedding, boolean isTied) {
        if (isTied && tensors.contains("lm_head.weight") && !tensors.areEqual("lm_head.weight", embedding)) {
            throw new IllegalArgumentException(CONFIG + ": tie_word_embeddings must be false if the file has an"
                    + " lm_head.weight of its own, found true and a matrix that differs from " + embedding);
        }
    }

    /**
     * Writes a network of the model, with or without the head.
     *
     * @param precision the type of large matrices
     * @param required the plain names of the tensors without the head
     * @param isTransposed whether the matrix of a name is stored as {@code [in, out]}
     * @param architecture the name of transformers' class without its end, such as {@code Llama}
     * @throws IllegalArgumentException if the network is not one of this model
     */
    void save(
            Network network,
            Path folder,
            Dtype precision,
            Set<String> required,
            Predicate<String> isTransposed,
            String architecture)
            throws IOException {
        Objects.requireNonNull(network, "network must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        List<String> names = network.parameters().stream().map(Parameter::name).toList();
        boolean isCausal = network.outputEmbedding().isPresent();
        boolean classifies = names.contains("score.weight");
        for (String plain : required) {
            String name = isCausal || classifies ? prefix + plain : plain;
            if (!names.contains(name)) {
                throw new IllegalArgumentException(
                        "save: the network must be one of this model, found no parameter " + name);
            }
        }
        SafeTensorsBuilder file = SafeTensors.builder().metadata("format", "pt");
        network.addTensors(file, precision, isTransposed);
        ObjectNode description = json.deepCopy();
        description
                .putArray("architectures")
                .add(architecture
                        + (isCausal ? causalEnd(architecture) : classifies ? "ForSequenceClassification" : "Model"));
        // transformers 5 has another name for it.
        description.remove("dtype");
        description.put(json.has("dtype") ? "dtype" : "torch_dtype", dtype(precision));
        if (isCausal) {
            Linear head = network.linear("lm_head");
            description.put("tie_word_embeddings", head.isTied());
        }
        if (classifies) {
            nameLabels(description, network.outputSize());
        }
        Files.createDirectories(folder);
        file.build().write(folder.resolve(ModelFiles.ONE));
        Files.writeString(folder.resolve(CONFIG), description.toPrettyString() + "\n", StandardCharsets.UTF_8);
    }

    /** What the configuration calls a type. */
    static String dtype(Dtype precision) {
        return precision == Dtype.BF16 ? "bfloat16" : precision == Dtype.F32 ? "float32" : "float64";
    }

    /** Numbers the labels of a classifier, unless the configuration names as many. */
    static void nameLabels(ObjectNode description, long labels) {
        if (description.path("id2label").size() == labels) {
            return;
        }
        ObjectNode names = description.putObject("id2label");
        ObjectNode ids = description.putObject("label2id");
        for (int i = 0; i < labels; i++) {
            names.put(String.valueOf(i), "LABEL_" + i);
            ids.put("LABEL_" + i, i);
        }
    }

    private static String causalEnd(String architecture) {
        return architecture.equals("GPT2") ? "LMHeadModel" : "ForCausalLM";
    }
}
