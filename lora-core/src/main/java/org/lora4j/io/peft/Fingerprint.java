package org.lora4j.io.peft;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.internal.memory.Fingerprinted;
import org.lora4j.internal.memory.Sha256;
import org.lora4j.io.FingerprintCheck;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hashes of the base weights that an adapter was created for, in the metadata of its tensors, which other readers ignore:
 * {@code lora4j.base.<module path>} is the {@link ArrayFingerprint} of the weight, of a weight in fewer bits that of the weight
 * before it was rounded.
 */
final class Fingerprint {
    static final String KEY = "lora4j.base.";

    private static final Logger log = LoggerFactory.getLogger(Fingerprint.class);

    private Fingerprint() {}

    /** The fingerprint of the weight of a layer. Hashing a large base takes longer than loading an adapter. */
    static String of(BaseLayer layer) {
        return layer instanceof Fingerprinted remembering
                ? remembering.fingerprint()
                : ArrayFingerprint.of(layer.weight());
    }

    /** The SHA-256 of bytes, in hexadecimal. */
    static String of(byte[] bytes) {
        MessageDigest digest = Sha256.begin();
        digest.update(bytes);
        return Sha256.end(digest);
    }

    /** The metadata for these layers of a base. */
    static Map<String, String> metadata(BaseModel base, Collection<String> paths) {
        Map<String, String> metadata = new LinkedHashMap<>();
        for (String path : paths) {
            metadata.put(KEY + path, of(base.baseLayer(path)));
        }
        return metadata;
    }

    /**
     * Joins the fingerprints of adapters for the same base.
     *
     * @param all those of each adapter, by {@link #KEY} and path
     * @return those of all; none if an adapter has none, or two of them differ
     */
    static Map<String, String> common(List<Map<String, String>> all) {
        Map<String, String> common = new LinkedHashMap<>();
        for (Map<String, String> some : all) {
            if (some.isEmpty()) {
                return Map.of();
            }
            for (Map.Entry<String, String> one : some.entrySet()) {
                String other = common.putIfAbsent(one.getKey(), one.getValue());
                if (other != null && !other.equals(one.getValue())) {
                    log.warn(
                            "the adapters were saved with different bases: the weights of {} differ; the result has no"
                                    + " fingerprints",
                            one.getKey().substring(KEY.length()));
                    return Map.of();
                }
            }
        }
        return common;
    }

    /**
     * Compares the metadata of an adapter with the base it is loaded for.
     *
     * @throws PeftFormatException if they must agree and do not
     */
    static void check(
            String place,
            Map<String, String> metadata,
            BaseModel base,
            Collection<String> paths,
            FingerprintCheck check)
            throws PeftFormatException {
        if (check == FingerprintCheck.IGNORE) {
            return;
        }
        List<String> without = new ArrayList<>();
        List<String> differing = new ArrayList<>();
        for (String path : paths) {
            String expected = metadata.get(KEY + path);
            if (expected == null) {
                without.add(path);
            } else if (!expected.equals(of(base.baseLayer(path)))) {
                differing.add(path);
            }
        }
        if (check == FingerprintCheck.REQUIRE) {
            require(place, without, differing);
        } else if (!differing.isEmpty()) {
            log.warn(
                    "{}: the adapter was saved with another base: the weights of {} differ",
                    place,
                    MessageText.list(differing));
        }
    }

    private static void require(String place, List<String> without, List<String> differing) throws PeftFormatException {
        List<String> problems = new ArrayList<>();
        if (!differing.isEmpty()) {
            problems.add("the base must be the one the adapter was saved with, found other weights in "
                    + MessageText.list(differing));
        }
        if (!without.isEmpty()) {
            problems.add("each adapted layer must have a fingerprint of its base, found none for "
                    + MessageText.list(without));
        }
        if (!problems.isEmpty()) {
            throw new PeftFormatException(place, problems);
        }
    }
}
