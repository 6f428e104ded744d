package org.lora4j.nn.transformer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.io.gguf.internal.GgufRewriter;
import org.lora4j.io.gguf.internal.GgufTensors;
import org.lora4j.io.gguf.model.GgufPrecision;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Writes a network of a model as the GGUF file that the model came from, with other elements. */
final class GgufModelWriter {
    private GgufModelWriter() {}

    /**
     * Writes a network.
     *
     * @param expected the tensors of the model
     * @param held the tensors of the model as they are in memory
     * @throws IllegalArgumentException if the network has other parameters than the base, or the model holds a tensor with other
     *     elements than those of the base
     */
    static void write(
            Family family,
            ExpectedTensors expected,
            ModelTensors held,
            Network network,
            Path base,
            GgufPrecision precision,
            Path file)
            throws IOException {
        if (Files.exists(file) && Files.isSameFile(base, file)) {
            throw new IllegalArgumentException(
                    "file: must be another one than the base, which is read while it is written, found " + file);
        }
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        for (Parameter parameter : network.parameters()) {
            parameters.put(family.plainName(parameter.name()), parameter);
        }
        Map<String, ExpectedTensors.Expected> required = expected.required();
        try (GgufTensors tensors = GgufTensors.of(GgufReader.open(base))) {
            requireKnown(parameters, network, base, tensors.names());
            GgufRewriter.write(
                    tensors,
                    (name, elements) -> {
                        ExpectedTensors.Expected tensor = required.get(name);
                        boolean isTransposed = tensor != null && tensor.isTransposed();
                        requireExact(held, name, isTransposed, elements);
                        return changed(parameters.get(nameOfParameter(name)), isTransposed, elements);
                    },
                    precision,
                    file);
        }
    }

    /** The layer of a {@code Dense} has the name of its folder in a network. */
    private static String nameOfParameter(String name) {
        return name.replace('/', '.');
    }

    private static void requireKnown(Map<String, Parameter> parameters, Network network, Path base, Set<String> names) {
        Set<String> others = new TreeSet<>(parameters.keySet());
        names.forEach(name -> others.remove(nameOfParameter(name)));
        if (network.outputEmbedding().isPresent()
                && network.linear(DecoderFamily.HEAD).isTied()) {
            others.remove(DecoderFamily.HEAD_WEIGHT);
        }
        if (!others.isEmpty()) {
            throw new IllegalArgumentException("saveGguf: the network must have the parameters of " + base
                    + " and no others, found " + MessageText.list(List.copyOf(others)));
        }
    }

    /** What is held in fewer bits was rounded once; to write it would round it again. */
    private static void requireExact(ModelTensors held, String name, boolean isTransposed, INDArray elements) {
        INDArray compact = held.compact(name).orElse(null);
        if (compact != null && !ArrayBits.equal(isTransposed ? ModelTensors.transposed(compact) : compact, elements)) {
            throw new IllegalArgumentException("saveGguf: the model must hold the elements of the file, found " + name
                    + " rounded; load the model in FLOAT");
        }
    }

    /** The parameter if it differs, in the form that transformers stores. */
    private static Optional<INDArray> changed(@Nullable Parameter parameter, boolean isTransposed, INDArray elements) {
        if (parameter == null) {
            return Optional.empty();
        }
        INDArray value = isTransposed ? ModelTensors.transposed(parameter.value()) : parameter.value();
        INDArray floats = value.dataType() == DataType.FLOAT ? value : value.castTo(DataType.FLOAT);
        return ArrayBits.equal(floats, elements) ? Optional.empty() : Optional.of(floats);
    }
}
