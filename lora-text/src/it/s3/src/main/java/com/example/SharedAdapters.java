package com.example;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.Network;
import org.lora4j.serve.AdapterSource;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Adapters in a bucket, and a copy of them in a folder of this server. One server puts there what it has trained; all others find it when they
 * look the next time, or when their cache loads an adapter that they do not have yet.
 *
 * <p>The bucket has the content of each file under its SHA-256, and for each adapter an object that lists its files, as {@code sha256sum} writes
 * them:
 *
 * <pre>
 * PREFIX/files/c0535e4b…        the content of a file, which never changes
 * PREFIX/adapters/topics        "c0535e4b…  adapter_config.json", and a line for each other file
 * </pre>
 *
 * <p>The list is written last and as a whole, so it never names a file that is not there yet, and never files of two trainings. A reader checks
 * each content, and renames the folder of the adapter when all are there. Contents that no list names stay in the bucket: let a rule of
 * the bucket, or a program of yours, delete those that are older than the longest look.
 *
 * <p>Thread-safe.
 */
public final class SharedAdapters implements AdapterSource {
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  (\\w[\\w.-]{0,99})");
    private static final Pattern NAME = Pattern.compile("\\w[\\w.-]{0,99}");

    private final S3Client s3;
    private final String bucket;
    private final String files;
    private final String lists;
    private final Path folder;
    private final AdapterSource local;

    /** What this server has of each adapter: the ETag of the list in the bucket. */
    private final Map<String, String> known = new HashMap<>();

    /**
     * Creates the adapters of a bucket.
     *
     * @param s3 reads and writes the bucket
     * @param bucket its name
     * @param prefix what the keys begin with, such as {@code shop}
     * @param folder the copy: a folder with a sub-folder for each adapter, from which this server serves
     * @param local reads that folder, such as {@code AdapterSource.of(folder)}, or that of an {@code Adapters} for adapters of several tasks
     */
    public SharedAdapters(S3Client s3, String bucket, String prefix, Path folder, AdapterSource local) {
        this.s3 = s3;
        this.bucket = bucket;
        this.files = prefix + "/files/";
        this.lists = prefix + "/adapters/";
        this.folder = folder;
        this.local = local;
    }

    /**
     * Puts an adapter of the folder into the bucket, or takes it away there if the folder has none of this name. Others have the old one until
     * this returns.
     */
    public synchronized void publish(String name) throws IOException {
        requireName(name);
        Path own = folder.resolve(name);
        try {
            if (!Files.isDirectory(own)) {
                s3.deleteObject(request -> request.bucket(bucket).key(lists + name));
                known.remove(name);
                return;
            }
            StringBuilder list = new StringBuilder();
            for (Path file : children(own)) {
                byte[] content = Files.readAllBytes(file);
                String hash = hash(content);
                s3.putObject(
                        request -> request.bucket(bucket).key(files + hash), RequestBody.fromBytes(content));
                list.append(hash).append("  ").append(file.getFileName()).append('\n');
            }
            String etag = s3.putObject(
                            request -> request.bucket(bucket).key(lists + name),
                            RequestBody.fromString(list.toString()))
                    .eTag();
            known.put(name, etag);
        } catch (SdkException e) {
            throw new IOException("the adapter " + name + " could not be put into the bucket: " + e.getMessage(), e);
        }
    }

    /**
     * Looks which adapters of the bucket are new, have changed or are gone, and makes the folder the same.
     *
     * @param changed gets the name of each that is different now, such as {@code service::refresh}
     * @throws IOException if the bucket or one of its adapters cannot be read; of such an adapter this server serves on what it had, and all
     *     others are as in the bucket
     */
    public synchronized void look(Consumer<String> changed) throws IOException {
        Map<String, String> there = new TreeMap<>();
        List<Exception> failures = new ArrayList<>();
        try {
            for (S3Object object :
                    s3.listObjectsV2Paginator(request -> request.bucket(bucket).prefix(lists)).contents()) {
                try {
                    there.put(requireName(object.key().substring(lists.length())), object.eTag());
                } catch (IllegalArgumentException e) {
                    failures.add(e);
                }
            }
        } catch (SdkException e) {
            throw new IOException("the adapters of the bucket could not be listed: " + e.getMessage(), e);
        }
        for (Map.Entry<String, String> one : there.entrySet()) {
            if (!one.getValue().equals(known.get(one.getKey()))) {
                try {
                    fetch(one.getKey());
                } catch (IOException | IllegalArgumentException e) {
                    failures.add(e);
                    continue;
                }
                changed.accept(one.getKey());
            }
        }
        Set<String> gone = new HashSet<>(known.keySet());
        gone.removeAll(there.keySet());
        for (String name : gone) {
            delete(folder.resolve(name));
            known.remove(name);
            changed.accept(name);
        }
        if (!failures.isEmpty()) {
            IOException all = new IOException(failures.size() + " adapters of the bucket could not be read, the first: "
                    + failures.get(0).getMessage());
            failures.forEach(all::addSuppressed);
            throw all;
        }
    }

    /** A name must not lead out of the folder. */
    private static String requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "the name of an adapter must be letters, digits, '_', '.' and '-', found '" + name + "'");
        }
        return name;
    }

    @Override
    public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
        fetchIfMissing(name);
        return local.load(name, base, options);
    }

    @Override
    public Loaded read(String name, Network base, ReadOptions options) throws IOException {
        fetchIfMissing(name);
        return local.read(name, base, options);
    }

    private synchronized void fetchIfMissing(String name) throws IOException {
        if (!Files.isDirectory(folder.resolve(requireName(name)))) {
            fetch(name);
        }
    }

    private void fetch(String name) throws IOException {
        Path part = folder.resolve("." + name + ".part");
        Path gone = folder.resolve("." + name + ".gone");
        delete(part);
        delete(gone);
        Files.createDirectories(part);
        ResponseBytes<GetObjectResponse> list = get(lists + name);
        for (String line : list.asString(StandardCharsets.UTF_8).lines().toList()) {
            Matcher file = LINE.matcher(line);
            if (!file.matches()) {
                throw new IOException(lists + name + ": a line must be a SHA-256, two spaces and the name of a file, found '"
                        + line + "'");
            }
            byte[] content = get(files + file.group(1)).asByteArray();
            if (!hash(content).equals(file.group(1))) {
                throw new IOException(files + file.group(1) + ": the content must have this SHA-256, found " + hash(content));
            }
            Files.write(part.resolve(file.group(2)), content);
        }
        Path own = folder.resolve(name);
        if (Files.isDirectory(own)) {
            Files.move(own, gone, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(part, own, StandardCopyOption.ATOMIC_MOVE);
        delete(gone);
        known.put(name, list.response().eTag());
    }

    private ResponseBytes<GetObjectResponse> get(String key) throws IOException {
        try {
            return s3.getObjectAsBytes(request -> request.bucket(bucket).key(key));
        } catch (NoSuchKeyException e) {
            throw new IllegalArgumentException("the bucket must have " + key + ", found no such object", e);
        } catch (SdkException e) {
            throw new IOException(key + " could not be read from the bucket: " + e.getMessage(), e);
        }
    }

    private static String hash(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK must have SHA-256", e);
        }
    }

    /** The files of an adapter. What begins with a dot, such as a lock, is of this machine alone. */
    private static List<Path> children(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(Files::isRegularFile)
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
