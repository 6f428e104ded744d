package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of the clients, in a {@link KeyFile}, which is read again within a second after a change. A key counts as long as a line that
 * can be read has it: lines that cannot be read, and a file that is empty or gone, have none, so a key that was revoked is never
 * accepted because something else is wrong. Only hashes of the keys are kept, so the time of a look-up says nothing about a key.
 */
public final class ApiKeys {
    private static final Logger log = LoggerFactory.getLogger(ApiKeys.class);

    private static final String BEARER = "Bearer ";
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path file;
    private final LongSupplier clock;

    /** Null if the file could not be read. */
    private @Nullable State state;

    private Map<String, Client> byHash;
    private long nextLook;

    /** What is compared of the file. */
    private record State(
            long bytes, FileTime modified, @Nullable Object key) {}

    ApiKeys(Path file, LongSupplier clock) throws IOException {
        this.file = file;
        this.clock = clock;
        state = look();
        KeyFile read = KeyFile.read(file);
        if (!read.problems().isEmpty()) {
            throw new IOException(String.join("; ", read.problems()));
        }
        byHash = read.clients();
        nextLook = clock.getAsLong() + LOOK_NANOS;
        String readers = KeyFile.readers(file);
        if (readers != null) {
            log.warn(
                    "{} has the keys of all clients and can be read by {}; allow its owner alone (chmod 600)",
                    file,
                    readers);
        }
    }

    /**
     * Reads the keys.
     *
     * @param file the file
     * @return the keys
     * @throws IOException if the file cannot be read, or a line is wrong
     */
    public static ApiKeys read(Path file) throws IOException {
        return new ApiKeys(file, System::nanoTime);
    }

    private State look() throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new State(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }

    /**
     * Returns the client of a request.
     *
     * @param authorization the field {@code Authorization}, or null
     * @throws ApiException if it has no key, or one that is not in the file
     */
    Client client(@Nullable String authorization) {
        if (authorization == null || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw ApiException.of(
                    401, "invalid_api_key", "Authorization must be 'Bearer' and a key of this server, found none");
        }
        Client client = current()
                .get(KeyFile.hash(authorization.substring(BEARER.length()).strip()));
        if (client == null) {
            throw ApiException.of(401, "invalid_api_key", "the key must be one of this server, found another one");
        }
        return client;
    }

    private synchronized Map<String, Client> current() {
        long now = clock.getAsLong();
        if (now - nextLook >= 0) {
            nextLook = now + LOOK_NANOS;
            lookAgain();
        }
        return byHash;
    }

    private void lookAgain() {
        try {
            State found = look();
            if (!found.equals(state)) {
                KeyFile read = KeyFile.read(file);
                byHash = read.clients();
                state = found;
                log.info("the keys in {} were read again; {} are accepted", file, byHash.size());
                read.problems().forEach(problem -> log.warn("{}; it has no effect", problem));
            }
        } catch (IOException e) {
            if (state != null || !byHash.isEmpty()) {
                log.warn("the file of the keys cannot be read, so no key is accepted until it can: {}", e.toString());
            }
            state = null;
            byHash = Map.of();
        }
    }
}
