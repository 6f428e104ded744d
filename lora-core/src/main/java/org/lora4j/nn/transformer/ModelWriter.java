package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;

/** Writes a network of a model as the files of {@code transformers}. */
final class ModelWriter {
    private final ModelConfig config;
    private final ModelTensors tensors;
    private final SentenceModules sentences;
    private final ExpectedTensors expected;

    /** What a network ends with. */
    private enum End {
        NONE,
        NEXT_TOKEN,
        CLASSES,
        CLASSES_OF_TOKENS
    }

    ModelWriter(ModelConfig config, ModelTensors tensors, SentenceModules sentences) {
        this.config = config;
        this.tensors = tensors;
        this.sentences = sentences;
        expected = ExpectedTensors.of(config, tensors.shapes());
    }

    /**
     * Writes a network.
     *
     * @param precision the type of large matrices
     * @throws IllegalArgumentException if the network is not one of this model
     */
    void write(Network network, Path folder, Dtype precision) throws IOException {
        Set<String> names = new LinkedHashSet<>(
                network.parameters().stream().map(Parameter::name).toList());
        End end = end(network, names);
        String prefix = end == End.NONE ? "" : config.family().prefix();
        for (String plain : expected.required().keySet()) {
            if (!names.contains(prefix + plain)) {
                throw new IllegalArgumentException(
                        "save: the network must be one of this model, found no parameter " + prefix + plain);
            }
        }
        SafeTensorsBuilder file = SafeTensors.builder().metadata("format", "pt");
        List<SentenceDense> dense = sentences.denseIfComputable();
        network.addTensors(
                file,
                precision,
                transposed(prefix)::contains,
                name -> dense.stream().anyMatch(module -> name.startsWith(module.prefix()))
                        ? Optional.empty()
                        : Optional.of(name));
        for (String plain : expected.underClassifier()) {
            // A network that does not use BERT's pooler keeps it for those that do.
            boolean isUsed = end != End.CLASSES_OF_TOKENS;
            if (isUsed && tensors.contains(plain) && !names.contains(prefix + plain)) {
                file.tensor(prefix + plain, tensors.get(plain));
            }
        }
        ObjectNode description = describe(network, precision, end);
        Files.createDirectories(folder);
        file.build().write(folder.resolve(ModelFiles.ONE));
        AtomicFile.write(folder.resolve(ModelConfig.FILE), description.toPrettyString() + "\n");
        sentences.write(folder);
        for (SentenceDense module : dense) {
            write(module, network, folder, precision);
        }
    }

    private End end(Network network, Set<String> names) {
        if (network.outputEmbedding().isPresent()) {
            return End.NEXT_TOKEN;
        }
        if (expected.ends().stream().noneMatch(names::contains)) {
            return End.NONE;
        }
        return network.taskType().equals(Optional.of("TOKEN_CLS")) ? End.CLASSES_OF_TOKENS : End.CLASSES;
    }

    /** Writes the weights of a module: those of the network, or those of the model if the network does not use it. */
    private void write(SentenceDense module, Network network, Path folder, Dtype precision) throws IOException {
        SafeTensorsBuilder file = SafeTensors.builder().metadata("format", "pt");
        String prefix = module.prefix();
        if (network.parameters().stream().anyMatch(parameter -> parameter.name().startsWith(prefix))) {
            network.addTensors(
                    file,
                    precision,
                    name -> false,
                    name -> name.startsWith(prefix) ? Optional.of(name.substring(prefix.length())) : Optional.empty());
        } else {
            for (String name : tensors.shapes().keySet()) {
                if (name.startsWith(prefix)) {
                    file.tensor(name.substring(prefix.length()), tensors.get(name));
                }
            }
        }
        file.build().write(folder.resolve(SentenceDense.weights(module.folder())));
    }

    private Set<String> transposed(String prefix) {
        Set<String> names = new LinkedHashSet<>();
        expected.required().forEach((plain, tensor) -> {
            if (tensor.isTransposed()) {
                names.add(prefix + plain);
            }
        });
        return names;
    }

    private ObjectNode describe(Network network, Dtype precision, End end) {
        ObjectNode description = config.json();
        description.put(JsonFields.MODEL_TYPE, config.modelType());
        description.putArray("architectures").add(architecture(end));
        // transformers 5 has another name for it.
        String type = description.has("dtype") ? "dtype" : "torch_dtype";
        description.put(type, dtype(precision));
        if (end == End.NEXT_TOKEN) {
            Linear head = network.linear(DecoderFamily.HEAD);
            description.put("tie_word_embeddings", head.isTied());
        }
        if (end == End.CLASSES || end == End.CLASSES_OF_TOKENS) {
            nameLabels(description, network.outputSize());
        }
        return description;
    }

    private String architecture(End end) {
        Family family = config.family();
        return switch (end) {
            case NEXT_TOKEN -> ((DecoderFamily) family).causalArchitecture();
            case CLASSES -> family.architecture() + ModelConfig.SEQUENCE_CLASSIFIER;
            case CLASSES_OF_TOKENS -> family.architecture() + ModelConfig.TOKEN_CLASSIFIER;
            case NONE -> family.architecture() + "Model";
        };
    }

    /** What the configuration calls a type. */
    private static String dtype(Dtype precision) {
        return precision == Dtype.BF16 ? "bfloat16" : precision == Dtype.F32 ? "float32" : "float64";
    }

    /** Numbers the labels of a classifier, unless the configuration names as many. */
    private static void nameLabels(ObjectNode description, long labels) {
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
}
