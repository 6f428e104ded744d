package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of the clients, in a file: each line has a key and the names of the adapters that it may use, or {@code *} for all. A name
 * with spaces or commas is in quotation marks, which no name has itself. A line that begins with # is a comment. A changed file is
 * read again within a second. Only hashes of the keys are kept, so the time of a look-up says nothing about a key.
 */
public final class ApiKeys {
    private static final Logger log = LoggerFactory.getLogger(ApiKeys.class);

    /** The characters of a bearer token (RFC 6750), and enough of them that nobody guesses one. */
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._~+/=-]{16,512}");

    private static final Pattern WORD = Pattern.compile("\"([^\"]+)\"|([^\\s,\"]+)|\"");
    private static final String BEARER = "Bearer ";
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path file;
    private State state;
    private Map<String, Access> byHash;
    private long nextLook;

    /** What is compared of the file. */
    private record State(
            long bytes, FileTime modified, @Nullable Object key) {}

    private ApiKeys(Path file) throws IOException {
        this.file = file;
        state = look();
        byHash = read();
        nextLook = System.nanoTime() + LOOK_NANOS;
    }

    /**
     * Reads the keys.
     *
     * @param file the file
     * @return the keys
     * @throws IOException if the file cannot be read, or a line is wrong
     */
    public static ApiKeys read(Path file) throws IOException {
        return new ApiKeys(file);
    }

    private State look() throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new State(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }

    private Map<String, Access> read() throws IOException {
        Map<String, Access> keys = new HashMap<>();
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String at = file + ", line " + (i + 1) + ": ";
            List<String> words = words(line, at);
            // The message must not show a key.
            if (!KEY.matcher(words.get(0)).matches()) {
                throw new IOException(at + "a key must have 16 to 512 letters, digits and -._~+/=, found another text");
            }
            if (words.size() < 2) {
                throw new IOException(at + "after a key there must be the names of its adapters, or *, found nothing");
            }
            Set<String> names = Set.copyOf(words.subList(1, words.size()));
            Access access = names.contains("*") ? Access.ALL : new Access(false, names);
            if (keys.put(hash(words.get(0)), access) != null) {
                throw new IOException(at + "each key must be there once, found one twice");
            }
        }
        if (keys.isEmpty()) {
            throw new IOException(file + ": there must be at least one key, found none");
        }
        return keys;
    }

    private static List<String> words(String line, String at) throws IOException {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(line);
        while (word.find()) {
            if (word.group(1) == null && word.group(2) == null) {
                throw new IOException(at + "quotation marks must be around the name of an adapter, found one alone");
            }
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        return words;
    }

    private static String hash(String key) {
        try {
            byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each Java has SHA-256", e);
        }
    }

    /**
     * Returns what the client of a request may use.
     *
     * @param authorization the field {@code Authorization}, or null
     * @throws ApiException if it has no key, or one that is not in the file
     */
    Access access(@Nullable String authorization) {
        if (authorization == null || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw ApiException.of(
                    401, "invalid_api_key", "Authorization must be 'Bearer' and a key of this server, found none");
        }
        Access access =
                current().get(hash(authorization.substring(BEARER.length()).strip()));
        if (access == null) {
            throw ApiException.of(401, "invalid_api_key", "the key must be one of this server, found another one");
        }
        return access;
    }

    private synchronized Map<String, Access> current() {
        long now = System.nanoTime();
        if (now - nextLook >= 0) {
            nextLook = now + LOOK_NANOS;
            try {
                State found = look();
                if (!found.equals(state)) {
                    byHash = read();
                    state = found;
                    log.info("the keys in {} were read again", file);
                }
            } catch (IOException e) {
                log.warn("the keys could not be read again; the old ones stay: {}", e.getMessage());
            }
        }
        return byHash;
    }
}
