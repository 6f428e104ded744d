package org.lora4j.text.train;

import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.lora4j.AdapterView;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;

/** Tells whether a training goes on with the weights with which it began. */
public final class BaseHash {
    private static final String FINGERPRINTS = "lora4j.base.";

    private BaseHash() {}

    /**
     * Returns a hash of the weights that an adapter adapts: that of the fingerprints that are saved with it.
     *
     * @param adapter the adapter
     * @param base the network that it adapts
     * @return eight hexadecimal digits, or fewer
     * @throws IOException if the fingerprints cannot be written
     */
    public static String of(AdapterView adapter, Network base) throws IOException {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(base, "base must not be null");
        Map<String, String> metadata = new TreeMap<>(
                SafeTensors.read(PeftFiles.of(adapter.adapter(), base).tensors())
                        .metadata());
        metadata.keySet().removeIf(key -> !key.startsWith(FINGERPRINTS));
        return Integer.toHexString(metadata.hashCode());
    }
}
