package org.lora4j.io.peft;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.Fingerprinted;
import org.lora4j.io.safetensors.SafeTensorsHeader;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frozen weights of the base in the file of an adapter. PEFT stores them with an adapter of an embedding or of a head
 * ({@code save_embedding_layers}), and computes with them. So they must be those of the base.
 */
final class BaseCopies {
    private static final Logger log = LoggerFactory.getLogger(BaseCopies.class);

    private final Map<PeftKey, String> copies;

    private BaseCopies(Map<PeftKey, String> copies) {
        this.copies = copies;
    }

    /** Returns the weights of the base that stand beside factors. */
    static List<PeftKey> weights(FileKeys keys) {
        return keys.names().keySet().stream()
                .filter(key -> key.kind() == PeftKey.Kind.BASE_WEIGHT && keys.hasFactors(key.path()))
                .toList();
    }

    /** Takes the copies out of the keys of an adapter. */
    static BaseCopies take(FileKeys keys, LoRAConfig config) {
        Set<String> paths = new HashSet<>();
        weights(keys).forEach(key -> paths.add(key.path()));
        return new BaseCopies(keys.take(key -> paths.contains(key.path())
                && (key.kind() == PeftKey.Kind.BASE_WEIGHT
                        || (key.kind() == PeftKey.Kind.BASE_BIAS && config.bias() == BiasTraining.NONE))));
    }

    /**
     * Compares the copies with the base.
     *
     * @param problems gets what is wrong
     */
    void compare(String file, TensorSource tensors, @Nullable BaseModel base, List<String> problems)
            throws IOException {
        if (base == null) {
            if (!copies.isEmpty()) {
                log.warn(
                        "{}: without the base, the copies of its weights are not compared with it: {}",
                        file,
                        MessageText.list(copies.values()));
            }
            return;
        }
        for (Map.Entry<PeftKey, String> copy : copies.entrySet()) {
            if (!isCopy(copy.getValue(), original(copy.getKey(), base), tensors)
                    && !hasFingerprint(copy, base, tensors)) {
                problems.add(MessageText.quote(copy.getValue())
                        + " must be a copy of the base's, since PEFT computes with it, found another; use the base that"
                        + " the adapter was trained with");
            }
        }
    }

    private static @Nullable INDArray original(PeftKey key, BaseModel base) {
        BaseLayer layer = base.baseLayer(key.path());
        return key.kind() == PeftKey.Kind.BASE_WEIGHT ? layer.weight() : layer.bias();
    }

    /** Whether a copy has the fingerprint of the weight: a weight that is stored in fewer bits differs from it. */
    private static boolean hasFingerprint(Map.Entry<PeftKey, String> copy, BaseModel base, TensorSource tensors)
            throws IOException {
        BaseLayer layer = base.baseLayer(copy.getKey().path());
        return copy.getKey().kind() == PeftKey.Kind.BASE_WEIGHT
                && layer instanceof Fingerprinted
                && Arrays.equals(layer.shape(), tensors.header().shape(copy.getValue()))
                && ArrayFingerprint.of(tensors.tensor(copy.getValue(), layer.dataType()))
                        .equals(Fingerprint.of(layer));
    }

    private static boolean isCopy(String name, @Nullable INDArray original, TensorSource tensors) throws IOException {
        SafeTensorsHeader header = tensors.header();
        if (original == null || !Arrays.equals(original.shape(), header.shape(name))) {
            return false;
        }
        // A base in single precision may have been trained in half precision, and its copy is rounded then.
        double rounding = switch (header.dtype(name)) {
            case BF16 -> 0x1p-8;
            case F16 -> 0x1p-11;
            default -> original.dataType() == DataType.DOUBLE ? 0x1p-24 : 0;
        };
        ArrayMemory stored = new ArrayMemory(tensors.tensor(name, original.dataType()));
        ArrayMemory weights = new ArrayMemory(original.dup('c'));
        int length = Math.toIntExact(original.length());
        for (int i = 0; i < length; i++) {
            double weight = weights.get(i);
            if (!(Math.abs(stored.get(i) - weight) <= rounding * Math.abs(weight) + (rounding == 0 ? 0 : 0x1p-24))) {
                return false;
            }
        }
        return true;
    }
}
