package org.lora4j.nn;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.io.SafeTensors;
import org.lora4j.io.SafeTensorsException;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The parameters of a network in a safetensors file, under the keys and in the shapes of PyTorch's
 * {@code state_dict}: {@code linear1.weight [out, in]}, {@code linear1.bias [out]} and so on.
 *
 * <p>In PyTorch {@code model.load_state_dict(safetensors.torch.load_file("base.safetensors"))} takes the file as it is.
 */
public final class NetworkFile {
    private NetworkFile() {}

    /**
     * Saves the original parameters, without decorations. A crash at any point leaves the old file or the new one.
     *
     * @param network the network
     * @param file the file to write
     * @throws IOException if it cannot be written
     */
    public static void save(Network network, Path file) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        for (Parameter parameter : network.parameters()) {
            tensors.put(parameter.name(), parameter.value());
        }
        SafeTensors.of(tensors, Map.of("format", "pt")).write(file);
    }

    /**
     * Loads parameters into a network of the same layers. Other types are converted to the network's.
     *
     * @param network the network; it is changed only if everything in the file fits
     * @param file the file to read
     * @throws SafeTensorsException if the file is damaged, or keys are missing, unknown or of another shape; the
     *     message lists them all
     * @throws IOException if it cannot be read
     */
    public static void load(Network network, Path file) throws IOException {
        SafeTensors tensors = SafeTensors.read(file);
        requireFits(network, tensors, file);
        Map<Parameter, INDArray> loaded = new LinkedHashMap<>();
        for (Parameter parameter : network.parameters()) {
            loaded.put(parameter, tensors.tensor(parameter.name(), network.dataType()));
        }
        loaded.forEach((parameter, value) -> parameter.value().assign(value));
    }

    private static void requireFits(Network network, SafeTensors tensors, Path file) throws SafeTensorsException {
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        Set<String> unknown = new LinkedHashSet<>(tensors.names());
        for (Parameter parameter : network.parameters()) {
            String name = parameter.name();
            if (!unknown.remove(name)) {
                missing.add(name);
                continue;
            }
            long[] expected = parameter.value().shape();
            long[] found = tensors.shape(name);
            if (!Arrays.equals(expected, found)) {
                misshapen.add(name + " must be " + Arrays.toString(expected) + ", found " + Arrays.toString(found));
            }
        }
        List<String> problems = new ArrayList<>();
        if (!missing.isEmpty()) {
            problems.add("missing " + missing);
        }
        if (!unknown.isEmpty()) {
            problems.add("unknown " + unknown);
        }
        if (!misshapen.isEmpty()) {
            problems.add("misshapen " + misshapen);
        }
        if (!problems.isEmpty()) {
            throw new SafeTensorsException(
                    file.toString(),
                    "tensors",
                    "must be exactly the parameters of the network",
                    String.join("; ", problems));
        }
    }
}
