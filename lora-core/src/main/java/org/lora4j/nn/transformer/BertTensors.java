package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.Names;
import org.lora4j.io.SafeTensors;
import org.lora4j.io.SafeTensorsException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The tensors of a model by their plain names: without the prefix of a model with a head, and in the names of today. */
final class BertTensors {
    private final Map<String, INDArray> arrays;

    private BertTensors(Map<String, INDArray> arrays) {
        this.arrays = arrays;
    }

    /**
     * Reads the tensors that a configuration asks for. The file must hold them all, and nothing that is unknown.
     *
     * @throws SafeTensorsException if tensors are missing, misshapen or left over; the message lists them
     */
    static BertTensors read(SafeTensors file, BertConfig config, DataType type) throws SafeTensorsException {
        Map<String, String> names = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        for (String stored : file.names()) {
            if (!isOfNoUse(stored)) {
                String former = names.putIfAbsent(plain(stored), stored);
                if (former != null) {
                    problems.add(
                            "two tensors for one parameter, " + Names.quote(former) + " and " + Names.quote(stored));
                }
            }
        }
        // A layer has several tensors. Without this check, a wrong number would ask for the names of millions.
        if (config.layers() > names.size()) {
            throw new SafeTensorsException(
                    file.source(),
                    "tensors",
                    "must be those of the num_hidden_layers " + config.layers() + " in config.json",
                    names.size() + " tensors");
        }
        Map<String, long[]> shapes = BertShapes.encoder(config);
        shapes.putAll(BertShapes.optional(config, file, names));
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, long[]> shape : shapes.entrySet()) {
            String stored = names.remove(shape.getKey());
            if (stored == null) {
                missing.add(shape.getKey());
            } else if (!Arrays.equals(file.shape(stored), shape.getValue())) {
                problems.add(stored + " must be " + Arrays.toString(shape.getValue()) + ", found "
                        + Arrays.toString(file.shape(stored)));
            } else {
                arrays.put(shape.getKey(), file.finiteTensor(stored, type));
            }
        }
        if (!missing.isEmpty()) {
            problems.add("missing " + Names.list(missing));
        }
        if (!names.isEmpty()) {
            problems.add("left over " + Names.list(List.copyOf(names.values())));
        }
        if (!problems.isEmpty()) {
            throw new SafeTensorsException(
                    file.source(),
                    "tensors",
                    "must be those of the model in config.json",
                    Names.line(String.join("; ", problems)));
        }
        return new BertTensors(arrays);
    }

    /** Buffers that are computed, and the heads of the task of pre-training. */
    private static boolean isOfNoUse(String name) {
        return name.endsWith("position_ids")
                || name.endsWith("token_type_ids")
                || name.startsWith("cls.")
                || name.startsWith("lm_head.");
    }

    private static String plain(String stored) {
        String name = stored;
        for (String prefix : List.of("bert.", "roberta.")) {
            if (name.startsWith(prefix)) {
                name = name.substring(prefix.length());
            }
        }
        if (name.endsWith("LayerNorm.gamma")) {
            return name.substring(0, name.length() - "gamma".length()) + "weight";
        }
        if (name.endsWith("LayerNorm.beta")) {
            return name.substring(0, name.length() - "beta".length()) + "bias";
        }
        return name;
    }

    boolean contains(String name) {
        return arrays.containsKey(name);
    }

    INDArray get(String name) {
        INDArray array = arrays.get(name);
        if (array == null) {
            throw new IllegalStateException(
                    "the model must have the tensor " + name + ", found a file without it; choose another head");
        }
        return array;
    }

    Map<String, INDArray> all() {
        return arrays;
    }
}
