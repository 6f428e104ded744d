package org.lora4j.cli.jobs;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** The key with which a client asks a server. */
public final class ClientKey {
    /** A bearer token (RFC 6750). */
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._~+/=-]+");

    private ClientKey() {}

    /**
     * Reads a key.
     *
     * @param file its first word that is not in a comment is the key, so the file of the keys of a server has one too
     * @return the key
     * @throws IOException if the file cannot be read or has no key; the message does not show the word that it has
     */
    public static String read(Path file) throws IOException {
        String word = Files.readAllLines(file).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .map(line -> line.split("\\s", 2)[0])
                .findFirst()
                .orElse("");
        if (!KEY.matcher(word).matches()) {
            throw new FileSystemException(
                    file.toString(),
                    null,
                    "the first word must be a key, of letters, digits and -._~+/=, found "
                            + (word.isEmpty() ? "none" : "another text"));
        }
        return word;
    }
}
