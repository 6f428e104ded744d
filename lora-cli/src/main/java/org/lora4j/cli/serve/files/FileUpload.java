package org.lora4j.cli.serve.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.internal.AtomicFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that comes. It is in the store when {@link #finish} returns. If it is closed before, nothing is left. One thread writes; any may
 * close it.
 */
public final class FileUpload implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FileUpload.class);

    /** How many bytes are written between two looks at the free space. */
    private static final long LOOK_BYTES = 1 << 20;

    private final FileStore store;
    private final String id;
    private final String owner;
    private final StoreLimits.OfOwner limits;
    private final Path part;
    private final FileChannel channel;
    private final AtomicBoolean ended = new AtomicBoolean();

    /** Changed by the store alone, with what its owner has. */
    private volatile long bytes;

    private long nextLook;

    FileUpload(FileStore store, String id, String owner, StoreLimits.OfOwner limits, Path part) throws IOException {
        this.store = store;
        this.id = id;
        this.owner = owner;
        this.limits = limits;
        this.part = part;
        channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    String owner() {
        return owner;
    }

    StoreLimits.OfOwner limits() {
        return limits;
    }

    void bytes(long counted) {
        bytes = counted;
    }

    /**
     * Returns how many bytes were written.
     *
     * @return the number
     */
    public long bytes() {
        return bytes;
    }

    /**
     * Adds bytes.
     *
     * @param more the bytes, all of which are taken
     * @throws StoreException if there is no room for them, or the upload was closed
     * @throws IOException if they cannot be written
     */
    public void write(ByteBuffer more) throws IOException {
        store.take(this, more.remaining());
        try {
            if (bytes >= nextLook) {
                nextLook = bytes + LOOK_BYTES;
                store.requireFree(LOOK_BYTES);
            }
            AtomicFile.writeFully(channel, more);
        } catch (ClosedChannelException e) {
            throw closed();
        } catch (IOException e) {
            throw store.failure(e);
        }
    }

    static StoreException closed() {
        return new StoreException(
                StoreException.Reason.CLOSED, "the upload must be whole, found one that was given up");
    }

    /**
     * Puts the file into the store.
     *
     * @param filename how the client calls it
     * @param purpose what it is for
     * @param life how long it is kept; null for ever
     * @return the file
     * @throws StoreException if there is no room for it, or the upload was closed
     * @throws IOException if it cannot be written
     */
    public StoredFile finish(String filename, String purpose, @Nullable Duration life) throws IOException {
        try {
            channel.force(true);
            channel.close();
        } catch (ClosedChannelException e) {
            throw closed();
        } catch (IOException e) {
            close();
            throw store.failure(e);
        }
        if (ended.getAndSet(true)) {
            throw closed();
        }
        long now = store.seconds();
        StoredFile file = new StoredFile(
                id, owner, filename, purpose, bytes, now, life == null ? null : Long.valueOf(now + life.toSeconds()));
        try {
            store.add(file, part, this);
        } catch (IOException e) {
            discard();
            throw store.failure(e);
        }
        return file;
    }

    /** Gives the file up, if it was not finished. */
    @Override
    public void close() {
        if (!ended.getAndSet(true)) {
            discard();
        }
    }

    private void discard() {
        try (channel) {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            log.warn("{}: a part of an upload could not be deleted", part, e);
        } finally {
            store.forget(this);
        }
    }
}
