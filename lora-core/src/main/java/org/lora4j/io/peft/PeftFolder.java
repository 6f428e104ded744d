package org.lora4j.io.peft;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.io.internal.FileAccess;
import org.lora4j.io.internal.FolderLock;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.io.safetensors.SafeTensorsReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two files of an adapter. They are replaced together, so that a crash at any point leaves the old adapter or the new
 * one.
 *
 * <p>Both are first written beside the old ones, as {@code .new}. If the configuration is the same, as it is while an adapter
 * trains, the new tensors are renamed onto the old ones. Otherwise the old configuration is renamed to {@code .old}, then
 * the new tensors are put in place, then the new configuration. In between there is no {@code adapter_config.json}, so that
 * a reader without this protocol finds no adapter instead of half of each. A reader with this protocol uses the hash of the
 * configuration in the metadata of the tensors: it tells which of the two configurations belongs to them.
 *
 * <p>Readers may run at the same time as a writer; they see the old adapter or the new one. Of several writers, each waits
 * until the one before it has finished; see {@link FolderLock}. Links to the two files are replaced, because writing through
 * them could not replace both files together.
 */
final class PeftFolder {
    static final String CONFIG = "adapter_config.json";
    static final String TENSORS = "adapter_model.safetensors";

    private static final String NEW = ".new";
    private static final String OLD = ".old";
    private static final List<String> CONFIGS = List.of(CONFIG, CONFIG + NEW, CONFIG + OLD);
    private static final List<String> NAMES =
            List.of(CONFIG, CONFIG + NEW, CONFIG + OLD, TENSORS, TENSORS + NEW, TENSORS + OLD);
    private static final Pattern LEFTOVER =
            Pattern.compile("adapter_(config\\.json|model\\.safetensors)\\.(old|new(\\..*\\.tmp)?)");

    /** The metadata that holds the SHA-256 of the configuration. */
    private static final String CONFIG_HASH = "lora4j.config";

    private static final int ATTEMPTS = 10;
    private static final long PAUSE_MILLIS = 20;
    private static final Logger log = LoggerFactory.getLogger(PeftFolder.class);

    private final Path folder;
    private final Steps steps;

    /** Called before each step. Tests stop the writer here. */
    @FunctionalInterface
    interface Steps {
        void before(String step) throws IOException;
    }

    PeftFolder(Path folder) {
        this(folder, step -> {});
    }

    PeftFolder(Path folder, Steps steps) {
        this.folder = folder;
        this.steps = steps;
    }

    /** Whether there is an adapter, whole or damaged. */
    boolean exists() {
        return Files.exists(folder.resolve(CONFIG)) || Files.exists(folder.resolve(TENSORS));
    }

    /** Replaces the adapter, or creates the folder and an adapter in it. */
    void write(byte[] config, SafeTensors tensors) throws IOException {
        if (!Files.isDirectory(folder)) { // createDirectories refuses links to folders.
            Files.createDirectories(folder);
        }
        FolderLock.hold(folder, () -> {
            requireNoFolderInTheWay();
            finishInterrupted();
            doOrFinish("what was saved before is intact", () -> prepare(config, tensors));
            doOrFinish("the folder has the adapter from before or the new one, as a whole", () -> putInPlace(config));
        });
    }

    private void doOrFinish(String kept, FolderLock.Action action) throws IOException {
        try {
            action.run();
        } catch (IOException | RuntimeException failure) {
            boolean threadIsInterrupted = Thread.interrupted(); // An interrupted thread can read no file.
            try {
                finishInterrupted();
            } catch (IOException e) {
                failure.addSuppressed(e);
            } finally {
                if (threadIsInterrupted) {
                    Thread.currentThread().interrupt();
                }
            }
            if (failure instanceof IOException e) {
                throw AtomicFile.failure(
                        folder + ": the adapter cannot be saved; " + kept + ": " + AtomicFile.reason(e), e);
            }
            throw failure;
        }
    }

    private void requireNoFolderInTheWay() throws IOException {
        for (String name : NAMES) {
            if (Files.isDirectory(folder.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                throw new FileSystemException(
                        folder.resolve(name).toString(),
                        null,
                        "must be a file of an adapter or not exist, found a folder; move it away, or save elsewhere");
            }
        }
    }

    /** The tensors with the hash of their configuration. */
    static SafeTensors withConfigHash(byte[] config, SafeTensorsBuilder tensors) {
        return tensors.metadata(CONFIG_HASH, Fingerprint.of(config)).build();
    }

    private void prepare(byte[] config, SafeTensors tensors) throws IOException {
        steps.before("write the tensors");
        AtomicFile.write(folder.resolve(TENSORS + NEW), folder.resolve(TENSORS), tensors::write);
        steps.before("write the configuration");
        AtomicFile.write(
                folder.resolve(CONFIG + NEW),
                folder.resolve(CONFIG),
                channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(config)));
    }

    private void putInPlace(byte[] config) throws IOException {
        byte[] before = readIfExists(CONFIG, ReadOptions.defaults());
        if (before != null && !Arrays.equals(before, config)) {
            steps.before("put the old configuration aside");
            move(CONFIG, CONFIG + OLD);
        }
        steps.before("put the tensors in place");
        move(TENSORS + NEW, TENSORS);
        steps.before("put the configuration in place");
        move(CONFIG + NEW, CONFIG);
        steps.before("clean up");
        deleteLeftovers();
    }

    /** Completes or undoes a write that was interrupted; the tensors in place decide which. */
    private void finishInterrupted() throws IOException {
        if (!Files.exists(folder.resolve(CONFIG)) && Files.exists(folder.resolve(TENSORS))) {
            Map.Entry<String, byte[]> belonging = null;
            try {
                belonging = belonging(
                        SafeTensors.readHeader(folder.resolve(TENSORS)).metadata(),
                        readConfigs(ReadOptions.defaults()));
            } catch (SafeTensorsException e) {
                log.warn("{}: the damaged tensors are replaced", folder, e);
            }
            if (belonging != null) {
                move(belonging.getKey(), CONFIG);
            } else if (Files.exists(folder.resolve(CONFIG + OLD))) {
                move(CONFIG + OLD, CONFIG); // It was edited by hand.
            }
        }
        deleteLeftovers();
    }

    private void deleteLeftovers() throws IOException {
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(
                folder, path -> LEFTOVER.matcher(path.getFileName().toString()).matches())) {
            for (Path leftover : leftovers) {
                Files.deleteIfExists(leftover);
            }
        }
    }

    private void move(String from, String to) throws IOException {
        Files.move(folder.resolve(from), folder.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        AtomicFile.sync(folder);
    }

    /** Makes something of the files as long as they are open. */
    @FunctionalInterface
    interface Reading<T> {
        T read(PeftFiles files) throws IOException;
    }

    /**
     * Reads both files.
     *
     * @param options how much is read, and the check that the files get
     * @param reading reads from the files; called again if they were replaced in the meantime
     * @return its result
     * @throws PeftFormatException if a file is missing, the configuration is too large, or it is not the one that was saved
     *     with the tensors
     * @throws SafeTensorsException if the tensors are damaged or too large
     */
    <T> T read(ReadOptions options, Reading<T> reading) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Object identity = identityOfTensors();
            Map<String, byte[]> configs = readConfigs(options);
            try (SafeTensorsReader tensors = open(options)) {
                Map.Entry<String, byte[]> belonging = belonging(tensors.header().metadata(), configs);
                if (belonging != null) {
                    T result = reading.read(
                            new PeftFiles(folder.toString(), belonging.getValue(), TensorSource.of(tensors), options));
                    if (isUnchanged(identity, configs, options)) {
                        return result;
                    }
                } else if (configs.isEmpty() || attempt == ATTEMPTS - 1) {
                    throw new PeftFormatException(folder.toString(), List.of(noConfig(configs)));
                }
            } catch (IOException e) {
                if (isUnchanged(identity, configs, options)) {
                    throw e;
                }
            }
            pause(); // Another program may be writing, or copying one file after the other.
        }
        throw new IOException(folder + ": the adapter must not be written all the time while it is read, found changes"
                + " in each of " + ATTEMPTS + " attempts");
    }

    private SafeTensorsReader open(ReadOptions options) throws IOException {
        return orMissing(() -> SafeTensorsReader.open(folder.resolve(TENSORS), options));
    }

    /** Every write replaces the tensors. If they are still the same file, no write was completed in between. */
    private boolean isUnchanged(Object identity, Map<String, byte[]> configs, ReadOptions options) throws IOException {
        return sameConfigs(configs, readConfigs(options)) && identity.equals(identityOfTensors());
    }

    private void pause() throws IOException {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(folder + ": interrupted while the adapter is read");
        }
    }

    private Object identityOfTensors() throws IOException {
        BasicFileAttributes attributes =
                orMissing(() -> Files.readAttributes(folder.resolve(TENSORS), BasicFileAttributes.class));
        return Arrays.asList(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
    }

    /** Opens the tensors, or reads something about them. */
    private interface Opening<T> {
        T open() throws IOException;
    }

    private <T> T orMissing(Opening<T> opening) throws IOException {
        try {
            return opening.open();
        } catch (NoSuchFileException e) {
            throw new PeftFormatException(folder.toString(), MissingTensors.problem(folder), e);
        }
    }

    private Map<String, byte[]> readConfigs(ReadOptions options) throws IOException {
        Map<String, byte[]> configs = new LinkedHashMap<>();
        for (String name : CONFIGS) {
            byte[] bytes = readIfExists(name, options);
            if (bytes != null) {
                configs.put(name, bytes);
            }
        }
        return configs;
    }

    private byte @Nullable [] readIfExists(String name, ReadOptions options) throws IOException {
        Path file = folder.resolve(name);
        if (!name.equals(CONFIG) && !Files.isRegularFile(file)) {
            return null; // No writer left this, so a reader need not mind it.
        }
        try {
            byte[] bytes = FileAccess.readAtMost(file, options.configBytes());
            if (bytes.length > options.configBytes()) {
                throw tooLarge(file.toString(), Files.size(file), options);
            }
            return bytes;
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Creates the exception for a configuration beyond the limit. */
    static PeftFormatException tooLarge(String place, long found, ReadOptions options) {
        return new PeftFormatException(
                place, List.of("must have at most " + options.configBytes() + " bytes, found " + found));
    }

    private static boolean sameConfigs(Map<String, byte[]> one, Map<String, byte[]> other) {
        return one.keySet().equals(other.keySet())
                && one.keySet().stream().allMatch(name -> Arrays.equals(one.get(name), other.get(name)));
    }

    /** The configuration that belongs to the tensors, with the name of its file, or null if there is none. */
    private static Map.@Nullable Entry<String, byte[]> belonging(
            Map<String, String> metadata, Map<String, byte[]> configs) {
        String hash = metadata.get(CONFIG_HASH);
        // Tensors without a hash are those that PEFT wrote, or that were there before.
        String withoutHash = configs.containsKey(CONFIG) ? CONFIG : CONFIG + OLD;
        for (Map.Entry<String, byte[]> config : configs.entrySet()) {
            if (hash == null ? config.getKey().equals(withoutHash) : hasHash(config.getValue(), hash)) {
                return config;
            }
        }
        return null;
    }

    /** Whether a configuration has a hash, also after a program such as Git has changed the ends of its lines. */
    private static boolean hasHash(byte[] config, String hash) {
        String text = new String(config, StandardCharsets.ISO_8859_1).replace("\r\n", "\n");
        return Fingerprint.of(config).equals(hash)
                || Fingerprint.of(text.getBytes(StandardCharsets.ISO_8859_1)).equals(hash);
    }

    private static String noConfig(Map<String, byte[]> configs) {
        return configs.isEmpty()
                ? "an adapter must have the file " + CONFIG + ", found none"
                : CONFIG + " must be the one that was saved with " + TENSORS + ", whose metadata " + CONFIG_HASH
                        + " has its SHA-256, found another; restore it, or, if it was edited on purpose, read both files"
                        + " with PeftFiles.read, which takes any configuration, and save the adapter again";
    }
}
