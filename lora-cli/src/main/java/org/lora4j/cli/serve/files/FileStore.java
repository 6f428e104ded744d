package org.lora4j.cli.serve.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lora4j.io.internal.AtomicFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of clients in a folder: {@code ID.bin} has the bytes, and {@code ID.json} what is known of them, which is written last. So a
 * file is there as a whole or not at all, and stays when the process ends. One process may use a folder at a time. Thread-safe.
 */
public final class FileStore implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FileStore.class);

    private static final String DATA = ".bin";
    private static final String FACTS = ".json";
    private static final String PART = ".part";
    private static final int MOST_UPLOADS = 32;

    /** One owner has this part of all uploads at most, so that it does not keep others out. */
    private static final int UPLOADS_PART = 4;

    private static final double MIB = 1 << 20;

    private final Path folder;
    private final StoreLimits limits;
    private final InstantSource clock;
    private final FileIds ids;
    private final TreeMap<String, StoredFile> files = new TreeMap<>();
    private final Map<String, Used> byOwner = new HashMap<>();
    private final Set<FileUpload> uploads = new HashSet<>();
    private final AtomicBoolean isFull = new AtomicBoolean();

    /** When the next file expires, in seconds since 1970. */
    private long nextExpiry = Long.MAX_VALUE;

    private boolean isClosed;

    /** What an owner has, with its uploads. */
    private static final class Used {
        private long files;
        private long bytes;
    }

    private FileStore(Path folder, StoreLimits limits, InstantSource clock) {
        this.folder = folder;
        this.limits = limits;
        this.clock = clock;
        ids = new FileIds(clock);
    }

    /**
     * Opens a store, and deletes what uploads left that did not end.
     *
     * @param folder the folder, which is created if it is missing
     * @param limits how much it takes
     * @param clock says when files were made and expire
     * @return the store
     * @throws IOException if the folder cannot be read
     */
    public static FileStore open(Path folder, StoreLimits limits, InstantSource clock) throws IOException {
        Files.createDirectories(folder);
        FileStore store = new FileStore(folder, limits, clock);
        store.read();
        return store;
    }

    /**
     * Returns an id for something that is no file of a store, and looks like one in a list.
     *
     * @param millis when it was made, in milliseconds since 1970
     * @param name what it is called, in 17 to 64 hexadecimal digits
     * @return the id
     */
    public static String id(long millis, String name) {
        return FileIds.of(millis, name);
    }

    /**
     * Returns what something that is no file of a store is called.
     *
     * @param id an id that {@link #id} returned; any text
     * @return its name; empty for another id
     */
    public static Optional<String> name(String id) {
        return FileIds.name(id);
    }

    private synchronized void read() throws IOException {
        Set<String> names = new HashSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            all.forEach(path -> names.add(String.valueOf(path.getFileName())));
        }
        for (String name : names) {
            int dot = name.indexOf('.');
            String id = dot < 0 ? name : name.substring(0, dot);
            if (!FileIds.isId(id)) {
                continue;
            }
            ids.add(id);
            String end = name.substring(id.length());
            boolean isWhole = names.contains(id + FACTS) && names.contains(id + DATA);
            if (!isWhole || !(end.equals(FACTS) || end.equals(DATA))) {
                Files.deleteIfExists(folder.resolve(name));
            } else if (end.equals(FACTS)) {
                read(id);
            }
        }
    }

    private void read(String id) throws IOException {
        try {
            StoredFile file = StoredFile.parse(id, Files.readString(folder.resolve(id + FACTS)));
            files.put(id, file);
            noteExpiry(file);
            Used used = used(file.owner());
            used.files++;
            used.bytes += file.bytes();
        } catch (IllegalArgumentException e) {
            log.warn("{}: the file is left out: {}", folder.resolve(id + FACTS), e.getMessage());
        }
    }

    private Used used(String owner) {
        return byOwner.computeIfAbsent(owner, name -> new Used());
    }

    long seconds() {
        return clock.instant().getEpochSecond();
    }

    /**
     * Begins a file.
     *
     * @param owner whose it will be
     * @param own what the owner may have
     * @return the upload, to be closed in any case
     * @throws StoreException if the owner has as much as it may, or there is no room
     * @throws IOException if the file cannot be created
     */
    public FileUpload begin(String owner, StoreLimits.OfOwner own) throws IOException {
        requireFree(0);
        synchronized (this) {
            dropExpired();
            if (isClosed) {
                throw new StoreException(StoreException.Reason.CLOSED, "the server stops; ask another one");
            }
            requirePlace(owner);
            Used used = used(owner);
            if (used.files >= own.files()) {
                throw new StoreException(
                        StoreException.Reason.OWNER_FULL,
                        "there must be at most " + own.files() + " files of a key, with those that are being uploaded,"
                                + " found so many; delete one first");
            }
            String id = ids.next();
            FileUpload upload;
            try {
                upload = new FileUpload(this, id, owner, own, folder.resolve(id + PART));
            } catch (IOException e) {
                throw failure(e);
            }
            used.files++;
            uploads.add(upload);
            return upload;
        }
    }

    private void requirePlace(String owner) {
        if (uploads.size() >= MOST_UPLOADS) {
            throw new StoreException(
                    StoreException.Reason.BUSY, "too many files are uploaded at the same time; try again later");
        }
        long own =
                uploads.stream().filter(upload -> upload.owner().equals(owner)).count();
        if (own >= MOST_UPLOADS / UPLOADS_PART) {
            throw new StoreException(
                    StoreException.Reason.OWNER_BUSY,
                    "the key uploads as many files at the same time as it may, " + own + "; try again later");
        }
    }

    /** Counts bytes that an upload is about to write. */
    synchronized void take(FileUpload upload, int more) {
        if (!uploads.contains(upload)) {
            throw FileUpload.closed();
        }
        long bytes = upload.bytes() + more;
        if (bytes > limits.fileBytes()) {
            throw new StoreException(
                    StoreException.Reason.TOO_LARGE,
                    "a file must have at most " + limits.fileBytes() + " bytes, found more");
        }
        Used used = used(upload.owner());
        if (used.bytes + more > upload.limits().bytes()) {
            throw new StoreException(
                    StoreException.Reason.OWNER_FULL,
                    "the files of a key must have at most " + upload.limits().bytes() + " bytes together, found more;"
                            + " delete some first");
        }
        used.bytes += more;
        upload.bytes(bytes);
    }

    /**
     * Checks that the disk has room.
     *
     * @param more how many bytes are to be written
     * @throws StoreException if it has not
     * @throws IOException if the disk does not say it
     */
    public void requireFree(long more) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < limits.freeBytes() + more) {
            throw diskFull(free);
        }
        isFull.set(false);
    }

    private StoreException diskFull(long free) {
        if (!isFull.getAndSet(true)) {
            log.warn(
                    "{}: no file is kept, because {} MiB must stay free and {} MiB are",
                    folder,
                    Math.round(limits.freeBytes() / MIB),
                    Math.round(free / MIB));
        }
        return new StoreException(
                StoreException.Reason.DISK_FULL, "the disk of the server must have room for the file, found it full");
    }

    /** What a failure to write says to the client: that the disk is full, if it is. */
    IOException failure(IOException why) throws IOException {
        requireFree(0);
        return why;
    }

    /** Puts a file into the store. */
    void add(StoredFile file, Path part, FileUpload upload) throws IOException {
        Path data = folder.resolve(file.id() + DATA);
        Files.move(part, data, StandardCopyOption.ATOMIC_MOVE);
        try {
            AtomicFile.write(folder.resolve(file.id() + FACTS), file.json());
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(data);
            throw e;
        }
        synchronized (this) {
            uploads.remove(upload);
            files.put(file.id(), file);
            noteExpiry(file);
        }
    }

    /** Notes that an upload leaves nothing. */
    synchronized void forget(FileUpload upload) {
        uploads.remove(upload);
        release(upload.owner(), upload.bytes());
    }

    private void release(String owner, long bytes) {
        Used used = used(owner);
        used.files--;
        used.bytes -= bytes;
        if (used.files == 0) {
            byOwner.remove(owner);
        }
    }

    /**
     * Returns the files of an owner, in the order in which they were made.
     *
     * @param owner the owner
     * @return the files
     */
    public synchronized List<StoredFile> list(String owner) {
        dropExpired();
        return files.values().stream()
                .filter(file -> file.owner().equals(owner))
                .toList();
    }

    /**
     * Finds a file.
     *
     * @param owner the owner
     * @param id the name of the file; any text
     * @return the file; empty if the owner has none of that name
     */
    public synchronized Optional<StoredFile> find(String owner, String id) {
        dropExpired();
        return Optional.ofNullable(files.get(id)).filter(file -> file.owner().equals(owner));
    }

    /**
     * Returns where the bytes of a file are.
     *
     * @param file the file
     * @return a path that is readable until the file is deleted
     */
    public Path content(StoredFile file) {
        return folder.resolve(file.id() + DATA);
    }

    /**
     * Deletes a file. Who reads it already can go on.
     *
     * @param owner the owner
     * @param id the name of the file; any text
     * @return false if the owner has none of that name
     * @throws IOException if it cannot be deleted; then it stays
     */
    public synchronized boolean delete(String owner, String id) throws IOException {
        Optional<StoredFile> found = find(owner, id);
        if (found.isPresent()) {
            remove(found.get());
        }
        return found.isPresent();
    }

    private void remove(StoredFile file) throws IOException {
        Files.deleteIfExists(folder.resolve(file.id() + FACTS));
        files.remove(file.id());
        release(file.owner(), file.bytes());
        // Without its facts it is not there any more, also if this fails.
        Files.deleteIfExists(content(file));
        AtomicFile.sync(folder);
    }

    private void dropExpired() {
        long now = seconds();
        if (now < nextExpiry) {
            return;
        }
        nextExpiry = Long.MAX_VALUE;
        for (StoredFile file : List.copyOf(files.values())) {
            if (isExpired(file, now)) {
                try {
                    remove(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(file.id() + ": an expired file could not be deleted", e);
                }
            } else {
                noteExpiry(file);
            }
        }
    }

    private static boolean isExpired(StoredFile file, long now) {
        Long end = file.expires();
        return end != null && end <= now;
    }

    private void noteExpiry(StoredFile file) {
        Long end = file.expires();
        nextExpiry = end == null ? nextExpiry : Math.min(nextExpiry, end);
    }

    /**
     * Returns how many bytes the files have together, with uploads.
     *
     * @return the bytes
     */
    public synchronized long bytes() {
        return byOwner.values().stream().mapToLong(used -> used.bytes).sum();
    }

    /**
     * Returns how many files are being uploaded.
     *
     * @return the number
     */
    public synchronized int uploads() {
        return uploads.size();
    }

    /** Gives up what is being uploaded. */
    @Override
    public void close() {
        List<FileUpload> open;
        synchronized (this) {
            isClosed = true;
            open = List.copyOf(uploads);
        }
        open.forEach(FileUpload::close);
    }
}
