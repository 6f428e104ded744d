package org.lora4j.io.safetensors;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.MessageText;

/**
 * The header of a safetensors file: the name, dtype, shape and byte length of each tensor, and the metadata. It needs no
 * tensor data, so it is cheap to read from a large file. Immutable.
 *
 * @see SafeTensors#readHeader
 */
public final class SafeTensorsHeader {
    static final String METADATA = "__metadata__";

    /** The format's limit for the JSON text, in bytes. */
    static final int MAX_LENGTH = 100_000_000;

    /** The number of bytes before the JSON text: its length as a little-endian u64. */
    static final int PREFIX = Long.BYTES;

    private final String source;
    private final long dataBegin;
    private final long dataLength;
    private final Map<String, TensorInfo> tensors;
    private final Map<String, String> metadata;

    /**
     * Creates a header.
     *
     * @param source the name of the file in messages
     * @param dataBegin the position of the first byte after the header
     * @param tensors the tensors in the order of their data, without holes and overlaps
     * @param metadata texts by key
     */
    SafeTensorsHeader(String source, long dataBegin, List<TensorInfo> tensors, Map<String, String> metadata) {
        this.source = source;
        this.dataBegin = dataBegin;
        this.dataLength =
                tensors.isEmpty() ? 0 : tensors.get(tensors.size() - 1).end();
        Map<String, TensorInfo> byName = new LinkedHashMap<>();
        tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
        this.tensors = Collections.unmodifiableMap(byName);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Returns the names of all tensors.
     *
     * @return the names in the order of the tensors' data, unmodifiable
     */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * Returns the element type of a tensor.
     *
     * @param name the tensor
     * @return its type in the file
     * @throws IllegalArgumentException if there is no such tensor
     */
    public Dtype dtype(String name) {
        return tensor(name).dtype();
    }

    /**
     * Returns the shape of a tensor.
     *
     * @param name the tensor
     * @return a copy of its dimensions; of length 0 for a scalar
     * @throws IllegalArgumentException if there is no such tensor
     */
    public long[] shape(String name) {
        return tensor(name).shape();
    }

    /**
     * Returns the size of a tensor's data in the file: the product of its dimensions and of {@link Dtype#size()}.
     *
     * @param name the tensor
     * @return the number of bytes
     * @throws IllegalArgumentException if there is no such tensor
     */
    public long byteLength(String name) {
        return tensor(name).byteLength();
    }

    /**
     * Returns the texts about the tensors.
     *
     * @return the texts by key in the order of the file, unmodifiable; empty if there are none
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Returns all tensors in the order of their data. */
    Collection<TensorInfo> tensors() {
        return tensors.values();
    }

    TensorInfo tensor(String name) {
        return MessageText.find(tensors, name, source);
    }

    /** Returns the position of the first byte after the header. */
    long dataBegin() {
        return dataBegin;
    }

    /**
     * Returns the size of the file.
     *
     * @return the bytes of the header and of all tensors
     */
    public long fileLength() {
        return dataBegin + dataLength;
    }

    /** Checks that the file ends with the data of the last tensor. */
    void requireDataLength(long found) throws SafeTensorsException {
        if (found != dataLength) {
            throw wrongDataLength(found);
        }
    }

    /** Creates the exception for a file that has fewer or more bytes after the header than the tensors need. */
    SafeTensorsException wrongDataLength(Object found) {
        return new SafeTensorsException(
                source, "data", "the file must have " + dataLength + " bytes after the header", found);
    }

    @Override
    public String toString() {
        return "SafeTensorsHeader[" + source + ": " + MessageText.list(tensors.keySet()) + "]";
    }
}
