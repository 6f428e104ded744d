package org.lora4j.io;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.internal.Fingerprinted;
import org.lora4j.internal.Names;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hashes of the base weights that an adapter was created for, in the metadata of its tensors, which other readers ignore:
 * {@code lora4j.base.<module path>} is the SHA-256, in hexadecimal, of the type and shape, such as {@code F32 [16, 12]}, a
 * line feed, and the elements, little-endian and row-major.
 */
final class Fingerprint {
    static final String KEY = "lora4j.base.";

    private static final Logger log = LoggerFactory.getLogger(Fingerprint.class);

    private Fingerprint() {}

    /** The fingerprint of a weight of FLOAT or DOUBLE. The memory order does not count. */
    static String of(INDArray weight) {
        MessageDigest digest = sha256();
        Dtype dtype = Dtype.of(weight.dataType()).orElseThrow();
        List<Long> shape = new ArrayList<>();
        for (long dimension : weight.shape()) {
            shape.add(dimension);
        }
        digest.update((dtype + " " + shape + "\n").getBytes(StandardCharsets.UTF_8));
        Elements.with(weight, digest::update);
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The fingerprint of the weight of a layer. Hashing a large base takes longer than loading an adapter. */
    private static String of(BaseLayer layer) {
        return layer instanceof Fingerprinted remembering
                ? remembering.fingerprint(() -> of(layer.weight()))
                : of(layer.weight());
    }

    /** The SHA-256 of bytes, in hexadecimal. */
    static String of(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
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
                    Names.list(differing));
        }
    }

    private static void require(String place, List<String> without, List<String> differing) throws PeftFormatException {
        List<String> problems = new ArrayList<>();
        if (!differing.isEmpty()) {
            problems.add("the base must be the one the adapter was saved with, found other weights in "
                    + Names.list(differing));
        }
        if (!without.isEmpty()) {
            problems.add(
                    "each adapted layer must have a fingerprint of its base, found none for " + Names.list(without));
        }
        if (!problems.isEmpty()) {
            throw new PeftFormatException(place, problems);
        }
    }
}
