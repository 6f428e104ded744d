package org.lora4j.adapter;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.internal.memory.Sha256;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The fingerprint of an adapter: the SHA-256 of lines of text, one for each array, in the order of the module paths. A line has the path,
 * what the array is, for factors the kind of the layer and the scale, and the {@link ArrayFingerprint} of the array.
 */
final class AdapterFingerprint {
    private final MessageDigest digest = Sha256.begin();

    static String of(LoRAAdapter adapter) {
        AdapterFingerprint fingerprint = new AdapterFingerprint();
        inOrder(adapter.weights(), (path, weights) -> {
            String factors = weights.kind() + " scale "
                    + Double.toHexString(adapter.config().scaleOf(path));
            fingerprint.add(path, "lora_A of " + factors, weights.loraA());
            fingerprint.add(path, "lora_B of " + factors, weights.loraB());
            fingerprint.add(path, "lora_B.bias", weights.loraBBias());
            fingerprint.add(path, "lora_magnitude_vector", weights.magnitude());
        });
        inOrder(adapter.biases(), (path, bias) -> fingerprint.add(path, "bias", bias));
        inOrder(adapter.savedModules(), (path, module) -> {
            fingerprint.add(path, "saved weight", module.weight());
            fingerprint.add(path, "saved bias", module.bias());
        });
        inOrder(
                adapter.tokenRows(),
                (path, rows) -> fingerprint.add(path, "rows of the tokens " + rows.tokens(), rows.rows()));
        return Sha256.end(fingerprint.digest);
    }

    private static <T> void inOrder(Map<String, T> byPath, BiConsumer<String, T> action) {
        new TreeMap<>(byPath).forEach(action);
    }

    private void add(String path, String what, @Nullable INDArray array) {
        if (array != null) {
            String line = path.length() + " " + path + " " + what + " " + ArrayFingerprint.of(asFloats(array)) + "\n";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** A model of double precision holds the numbers of a file in single precision exactly. They have the same fingerprint. */
    private static INDArray asFloats(INDArray array) {
        if (array.dataType() != DataType.DOUBLE) {
            return array;
        }
        INDArray floats = array.castTo(DataType.FLOAT);
        return ArrayBits.equal(floats.castTo(DataType.DOUBLE), array) ? floats : array;
    }
}
