package org.lora4j.example.text.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.lora4j.example.support.onnx.Resource;

/** The SHA-256 of data. */
final class Sha256 {
    private Sha256() {}

    /** Reads the data to their end, and returns their hash in hexadecimal. */
    static String of(Resource data) throws IOException {
        MessageDigest digest = digest();
        try (InputStream stream = new DigestInputStream(data.open(), digest)) {
            stream.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
