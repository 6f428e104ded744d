package org.lora4j.io.gguf.internal;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufException;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The tensors of a GGUF file by the names, and in the form, of transformers.
 *
 * <table>
 * <caption>What llama.cpp changes in a model, and this undoes</caption>
 * <tr><th>architecture</th><th>change</th></tr>
 * <tr><td>llama, smollm3</td><td>the rows of queries and keys that positions turn together stand one after the other</td></tr>
 * <tr><td>gemma2, gemma3, gemma-embedding</td><td>the weights of normalizations have 1 added</td></tr>
 * <tr><td>gpt2</td><td>matrices are transposed</td></tr>
 * </table>
 */
public final class GgufTensors implements Closeable {
    /** What is computed from a matrix of a file. */
    private enum Form {
        SAME,
        PAIRS,
        WITH_ONE,
        TRANSPOSED
    }

    /** A tensor of the file, and what is done with it. */
    private record Stored(String name, Form form, long heads) {}

    private final GgufReader reader;
    private final Map<String, Stored> tensors;

    private GgufTensors(GgufReader reader, Map<String, Stored> tensors) {
        this.reader = reader;
        this.tensors = tensors;
    }

    /**
     * Reads the list of tensors.
     *
     * @param reader the file, which is closed with the tensors, or if it is refused
     * @return the tensors
     * @throws GgufException if the file has tensors that the architecture has not
     * @throws IOException if the reader cannot be closed
     */
    public static GgufTensors of(GgufReader reader) throws IOException {
        Objects.requireNonNull(reader, "reader must not be null");
        try {
            return new GgufTensors(reader, names(reader));
        } catch (Throwable failure) {
            reader.close();
            throw failure;
        }
    }

    private static Map<String, Stored> names(GgufReader reader) throws GgufException {
        GgufKeys keys = reader.keys();
        GgufArchitecture architecture = GgufConfig.architecture(keys);
        long heads =
                keys.whole(architecture.ggufName() + ".attention.head_count").orElse(1);
        long ofKeys = GgufConfig.keyValueHeads(keys, architecture, heads);
        Map<String, Stored> tensors = new LinkedHashMap<>();
        List<String> others = new ArrayList<>();
        for (String name : reader.names()) {
            if (name.equals(GgufConfig.FREQUENCIES)) {
                // It is part of the configuration.
                continue;
            }
            String plain = architecture.nameOf(name).orElse(null);
            if (plain == null) {
                others.add(name);
                continue;
            }
            Form form = form(architecture, name, reader.shape(name));
            tensors.put(plain, new Stored(name, form, name.contains(".attn_k.") ? ofKeys : heads));
        }
        if (!others.isEmpty()) {
            throw new GgufException(
                    keys.file(),
                    "tensors",
                    "must be those of the architecture " + architecture.ggufName(),
                    MessageText.list(others));
        }
        return Collections.unmodifiableMap(tensors);
    }

    private static Form form(GgufArchitecture architecture, String name, long[] shape) {
        if (architecture.hasPairs() && (name.contains(".attn_q.") || name.contains(".attn_k."))) {
            return Form.PAIRS;
        }
        if (architecture.isGemma() && name.endsWith("norm.weight")) {
            return Form.WITH_ONE;
        }
        boolean isInLayer = name.startsWith("blk.") && shape.length == 2;
        return architecture == GgufArchitecture.GPT2 && isInLayer ? Form.TRANSPOSED : Form.SAME;
    }

    /**
     * Returns the names of transformers.
     *
     * @return the names; those of a {@code Dense} of sentence-transformers have its folder before them, as in
     *     {@code 2_Dense/linear.weight}
     */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * Returns the shape of a tensor.
     *
     * @param name the name of transformers
     * @return the shape that transformers stores
     * @throws IllegalArgumentException if there is no such tensor
     */
    public long[] shape(String name) {
        Stored stored = stored(name);
        long[] shape = reader.shape(stored.name());
        return stored.form() == Form.TRANSPOSED ? new long[] {shape[1], shape[0]} : shape;
    }

    private Stored stored(String name) {
        Stored stored = tensors.get(Objects.requireNonNull(name, "name must not be null"));
        if (stored == null) {
            throw new IllegalArgumentException("name: there must be a tensor of this name in "
                    + reader.keys().file() + ", found none, " + MessageText.quote(name));
        }
        return stored;
    }

    /**
     * Reads a tensor.
     *
     * @param name the name of transformers
     * @return a new FLOAT array
     * @throws IllegalArgumentException if there is no such tensor
     * @throws IOException if it cannot be read, or its rows are not those of whole heads
     */
    public INDArray tensor(String name) throws IOException {
        Stored stored = stored(name);
        INDArray read = reader.tensor(stored.name());
        return switch (stored.form()) {
            case SAME -> read;
            case WITH_ONE -> read.subi(1);
            case TRANSPOSED -> released(read, read.transpose().dup('c'));
            case PAIRS -> released(read, halves(read, stored));
        };
    }

    /**
     * Returns whether the file stores a tensor in blocks that share a scale.
     *
     * @param name the name of transformers
     * @return false for F32, F16 and BF16
     * @throws IllegalArgumentException if there is no such tensor
     */
    public boolean isQuantized(String name) {
        return reader.isQuantized(stored(name).name());
    }

    /**
     * Returns whether {@link #groups} has the rows of a tensor.
     *
     * @param name the name of transformers
     * @return true if 32 elements of a row share a scale and have codes of 4 bits
     * @throws IllegalArgumentException if there is no such tensor
     */
    public boolean isInGroups(String name) {
        Stored stored = stored(name);
        boolean isAsInFile = stored.form() == Form.SAME || stored.form() == Form.PAIRS;
        return isAsInFile && reader.isInGroups(stored.name());
    }

    /**
     * Returns the rows of a matrix that the file stores in groups of 32 elements with codes of 4 bits.
     *
     * @param name the name of transformers
     * @return the rows; empty for a tensor of another type, and for one that {@link #tensor} computes from that of the file
     * @throws IllegalArgumentException if there is no such tensor
     * @throws IOException if its rows are not those of whole heads
     */
    public Optional<GgufGroups> groups(String name) throws IOException {
        Stored stored = stored(name);
        return switch (stored.form()) {
            case SAME -> reader.groups(stored.name(), row -> row);
            case PAIRS -> {
                int half = Math.toIntExact(halfOfHead(stored, shape(name)[0]));
                yield reader.groups(stored.name(), row -> ofPair(row, half));
            }
            case WITH_ONE, TRANSPOSED -> Optional.empty();
        };
    }

    /** Where {@link #halves} takes a row from. */
    private static int ofPair(int row, int half) {
        int inHead = row % (2 * half);
        return row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
    }

    /** The file. */
    GgufReader reader() {
        return reader;
    }

    /** What the file calls a tensor. */
    String storedName(String name) {
        return stored(name).name();
    }

    /** Undoes what {@link #tensor} has done: the elements in the form of the file. */
    INDArray toFile(String name, INDArray value) {
        Stored stored = stored(name);
        return switch (stored.form()) {
            case SAME -> value.ordering() == 'c' ? value : value.dup('c');
            case WITH_ONE -> value.add(1);
            case TRANSPOSED -> value.transpose().dup('c');
            case PAIRS -> pairs(value, stored);
        };
    }

    /** Puts row {@code s·size/2 + i} of each head to {@code 2i + s}. */
    private static INDArray pairs(INDArray value, Stored stored) {
        long half = value.size(0) / stored.heads() / 2;
        long columns = value.rank() == 2 ? value.size(1) : 1;
        INDArray halves = value.dup('c').reshape('c', stored.heads(), 2, half, columns);
        return halves.permute(0, 2, 1, 3).dup('c').reshape('c', value.shape());
    }

    private static INDArray released(INDArray read, INDArray result) {
        read.close();
        return result;
    }

    /** Half the number of rows of a head. */
    private long halfOfHead(Stored stored, long rows) throws GgufException {
        if (stored.heads() < 1 || rows % (2 * stored.heads()) != 0) {
            throw new GgufException(
                    reader.keys().file(),
                    "tensor " + MessageText.quote(stored.name()),
                    "must have an even number of rows for each of " + stored.heads() + " heads",
                    rows);
        }
        return rows / stored.heads() / 2;
    }

    /** Puts row {@code 2i + s} of each head to {@code s·size/2 + i}. */
    private INDArray halves(INDArray read, Stored stored) throws GgufException {
        long half = halfOfHead(stored, read.size(0));
        long[] shape = read.shape();
        long columns = shape.length == 2 ? shape[1] : 1;
        INDArray pairs = read.reshape('c', stored.heads(), half, 2, columns);
        return pairs.permute(0, 2, 1, 3).dup('c').reshape('c', shape);
    }

    /** Closes the files. Arrays that were read stay valid. */
    @Override
    public void close() throws IOException {
        reader.close();
    }
}
