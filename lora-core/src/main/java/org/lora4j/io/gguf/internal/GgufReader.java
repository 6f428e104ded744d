package org.lora4j.io.gguf.internal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.internal.ForModules;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.ByteSink;
import org.lora4j.io.internal.FileAccess;
import org.lora4j.io.internal.RandomAccess;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads a GGUF file of version 2 or 3, or several that are parts of one model. Opening reads and checks the keys and the list of
 * tensors. Each call of {@link #tensor} reads the elements of that tensor and no others, as single-precision numbers, which are
 * bit for bit those of llama.cpp.
 *
 * <p>Types are F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL and IQ4_XS. Several threads may use one reader at
 * the same time.
 */
@ForModules
public final class GgufReader implements Closeable {
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
    private static final String SPLIT = "split.";
    private static final String NUMBER = "split.no";
    private static final String PARTS = "split.count";
    private static final String TENSORS = "split.tensors.count";

    /** Enough that a call of the file system costs little. */
    private static final int CHUNK = 1 << 18;

    /** A file that is open. */
    private record Part(GgufBytes bytes, Closeable resource, GgufHeader header) {}

    /** A tensor of one of the files. */
    private record Place(GgufBytes bytes, GgufHeader.Info info) {}

    private final List<Part> parts;
    private final Map<String, Place> tensors;

    private GgufReader(List<Part> parts, Map<String, Place> tensors) {
        this.parts = parts;
        this.tensors = tensors;
    }

    /**
     * Opens a file. If it is the first of several, such as {@code model-00001-of-00003.gguf}, opens all of them.
     *
     * @param file a regular file, which must not change as long as the reader is open
     * @return a reader, which the caller closes
     * @throws GgufException if the file breaks a rule of the format, has a tensor of another type, or is not the first part
     * @throws IOException if a file is missing or cannot be read
     */
    public static GgufReader open(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        List<Part> parts = new ArrayList<>();
        try {
            parts.add(part(file));
            GgufKeys keys = parts.get(0).header().keys();
            long count = keys.whole(PARTS).orElse(1);
            if (count > 1) {
                addOthers(file, keys, count, parts);
            }
            return new GgufReader(List.copyOf(parts), tensors(keys, parts));
        } catch (Throwable failure) {
            for (Part part : parts) {
                try {
                    part.resource().close();
                } catch (IOException e) {
                    failure.addSuppressed(e);
                }
            }
            throw failure;
        }
    }

    /**
     * Reads a file in memory.
     *
     * @param source the name of the file in messages
     * @param file its bytes, which are not copied
     * @return a reader
     * @throws GgufException if the file breaks a rule of the format, has a tensor of another type, or is one of several parts
     */
    public static GgufReader of(String source, byte[] file) throws GgufException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(file, "file must not be null");
        GgufBytes bytes = new GgufBytes(source, file.length, RandomAccess.of(file));
        try {
            Part part = new Part(bytes, () -> {}, GgufHeader.read(bytes));
            GgufKeys keys = part.header().keys();
            long count = keys.whole(PARTS).orElse(1);
            if (count > 1) {
                throw keys.refuse(PARTS, "must be 1 for a file in memory", count);
            }
            return new GgufReader(List.of(part), tensors(keys, List.of(part)));
        } catch (GgufException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError("reading from memory does not fail", e);
        }
    }

    private static Part part(Path file) throws IOException {
        FileChannel channel = FileAccess.open(file);
        try {
            GgufBytes bytes = new GgufBytes(file.toString(), channel.size(), channel::read);
            return new Part(bytes, channel, GgufHeader.read(bytes));
        } catch (Throwable failure) {
            channel.close();
            throw failure;
        }
    }

    private static void addOthers(Path file, GgufKeys keys, long count, List<Part> parts) throws IOException {
        Matcher name = PART.matcher(String.valueOf(file.getFileName()));
        if (!name.matches() || Long.parseLong(name.group(3)) != count || Long.parseLong(name.group(2)) != 1) {
            throw keys.refuse(
                    PARTS,
                    "the first of " + count + " files must have a name that ends with "
                            + String.format(Locale.ROOT, "-00001-of-%05d.gguf", count),
                    "the name " + MessageText.quote(String.valueOf(file.getFileName())));
        }
        for (int i = 1; i < count; i++) {
            Path other = file.resolveSibling(
                    String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", name.group(1), i + 1, count));
            Part part;
            try {
                part = part(other);
            } catch (NoSuchFileException e) {
                NoSuchFileException missing = new NoSuchFileException(
                        other.toString(),
                        null,
                        "all " + count + " parts of the model must be there, found no part " + (i + 1));
                missing.initCause(e);
                throw missing;
            }
            parts.add(part);
            GgufKeys ofPart = part.header().keys();
            long number = ofPart.whole(NUMBER).orElse(-1);
            if (number != i) {
                throw ofPart.refuse(NUMBER, "must be " + i + " in part " + (i + 1), number);
            }
        }
    }

    private static Map<String, Place> tensors(GgufKeys keys, List<Part> parts) throws GgufException {
        long first = keys.whole(NUMBER).orElse(0);
        if (first != 0) {
            throw keys.refuse(NUMBER, "must be 0, that of the first part, which names the others", first);
        }
        Map<String, Place> tensors = new LinkedHashMap<>();
        for (Part part : parts) {
            for (Map.Entry<String, GgufHeader.Info> tensor :
                    part.header().tensors().entrySet()) {
                Place place = new Place(part.bytes(), tensor.getValue());
                if (tensors.putIfAbsent(tensor.getKey(), place) != null) {
                    throw new GgufException(
                            part.bytes().file(),
                            "tensors",
                            "each tensor must stand in one part",
                            "two " + MessageText.quote(tensor.getKey()));
                }
            }
        }
        long expected = keys.whole(TENSORS).orElse(tensors.size());
        if (expected != tensors.size()) {
            throw keys.refuse(TENSORS, "must be the number of tensors in all parts, " + tensors.size(), expected);
        }
        return Collections.unmodifiableMap(tensors);
    }

    /**
     * Returns the keys.
     *
     * @return those of the first file
     */
    public GgufKeys keys() {
        return parts.get(0).header().keys();
    }

    /**
     * Returns the names of the tensors.
     *
     * @return the names, in the order of the files
     */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * Returns the shape of a tensor.
     *
     * @param name the tensor
     * @return its dimensions in the order of Hugging Face, such as {@code [out, in]}; a file has them the other way round
     * @throws IllegalArgumentException if there is no such tensor
     */
    public long[] shape(String name) {
        return place(name).info().shape().clone();
    }

    /**
     * Returns the type of a tensor.
     *
     * @param name the tensor
     * @return llama.cpp's name of it, such as {@code Q4_K}
     * @throws IllegalArgumentException if there is no such tensor
     */
    public String type(String name) {
        return place(name).info().type().name();
    }

    /**
     * Returns the size of the files.
     *
     * @return the bytes of all parts
     */
    public long bytes() {
        return parts.stream().mapToLong(part -> part.bytes().size()).sum();
    }

    /** Of what the places of tensors are multiples. */
    int alignment() {
        return parts.get(0).header().alignment();
    }

    /** The beginning of a file with these tensors in one part: magic, version, numbers, and the bytes of the keys. */
    ByteBuffer keyBytes() throws IOException {
        Part first = parts.get(0);
        List<GgufHeader.KeyPlace> kept = first.header().places().stream()
                .filter(place -> !place.key().startsWith(SPLIT))
                .toList();
        long length =
                kept.stream().mapToLong(place -> place.end() - place.begin()).sum();
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(2 * Integer.BYTES + 2 * Long.BYTES + length))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(GgufHeader.MAGIC)
                .putInt(GgufHeader.NEWEST)
                .putLong(tensors.size())
                .putLong(kept.size());
        for (GgufHeader.KeyPlace place : kept) {
            ByteBuffer key = bytes.slice(bytes.position(), Math.toIntExact(place.end() - place.begin()));
            first.bytes().read(key, place.begin());
            bytes.position(bytes.position() + key.capacity());
        }
        return bytes.flip();
    }

    /** How many elements a tensor has. */
    long elements(String name) {
        return place(name).info().elements();
    }

    /** Copies the bytes of a tensor. */
    void copyTo(String name, ByteSink<IOException> sink) throws IOException {
        Place place = place(name);
        long left = place.info().bytes();
        long position = place.info().position();
        while (left > 0) {
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, left));
            place.bytes().read(chunk, position);
            position += chunk.capacity();
            left -= chunk.capacity();
            sink.write(chunk.flip());
        }
    }

    private Place place(String name) {
        Place place = tensors.get(Objects.requireNonNull(name, "name must not be null"));
        if (place == null) {
            throw new IllegalArgumentException("name: there must be a tensor of this name in " + keys().file()
                    + ", found none, " + MessageText.quote(name));
        }
        return place;
    }

    /**
     * Reads a tensor.
     *
     * @param name the tensor
     * @return a new FLOAT array of its {@link #shape} in 'c' order
     * @throws IllegalArgumentException if there is no such tensor
     * @throws GgufException if the tensor has more elements than an array can have
     * @throws IOException if the file cannot be read, or the reader is closed
     */
    public INDArray tensor(String name) throws IOException {
        Place place = place(name);
        GgufHeader.Info info = place.info();
        if (info.elements() > ArrayBytes.MAX_BYTES / Float.BYTES) {
            throw new GgufException(
                    place.bytes().file(),
                    "tensor " + MessageText.quote(name),
                    "must have at most " + ArrayBytes.MAX_BYTES / Float.BYTES + " elements",
                    info.elements());
        }
        INDArray array = ArrayBytes.allocate(DataType.FLOAT, info.shape());
        ArrayBytes.with(array, to -> read(place, to.asFloatBuffer()));
        return array;
    }

    /** Whether the blocks of a tensor have several elements. */
    boolean isQuantized(String name) {
        return place(name).info().type().elements() > 1;
    }

    /** Whether {@link #groups} has the rows of a tensor. */
    boolean isInGroups(String name) {
        GgufHeader.Info info = place(name).info();
        return info.shape().length == 2 && info.type().isInGroups();
    }

    /**
     * Returns the rows of a matrix of groups.
     *
     * @param rows which row of the file a row is
     * @return empty if the tensor has another rank or type
     */
    Optional<GgufGroups> groups(String name, IntUnaryOperator rows) {
        Place place = place(name);
        return isInGroups(name) ? Optional.of(new GgufGroups(place.bytes(), place.info(), rows)) : Optional.empty();
    }

    private static void read(Place place, FloatBuffer to) throws IOException {
        GgufType type = place.info().type();
        int most = Math.max(1, CHUNK / type.elements()) * type.elements();
        float[] elements = new float[Math.min(most, to.remaining())];
        ByteBuffer chunk = ByteBuffer.allocate(Math.toIntExact(type.bytes(elements.length)))
                .order(ByteOrder.LITTLE_ENDIAN);
        long position = place.info().position();
        while (to.hasRemaining()) {
            int count = Math.min(elements.length, to.remaining());
            chunk.clear().limit(Math.toIntExact(type.bytes(count)));
            place.bytes().read(chunk, position);
            position += chunk.limit();
            type.read(chunk, 0, elements, count);
            to.put(elements, 0, count);
        }
    }

    /** Closes the files. Arrays that were read stay valid. */
    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (Part part : parts) {
            try {
                part.resource().close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
