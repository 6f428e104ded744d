package org.lora4j.io.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.ByteSink;

/** A safetensors file in its canonical layout, ready to be written to any sink. */
final class SafeTensorsLayout {
    private static final Comparator<StoredTensor> ORDER = Comparator.comparing(StoredTensor::dtype)
            .reversed()
            .thenComparing(tensor -> tensor.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    private final String sink;
    private final byte[] header;
    private final List<StoredTensor> tensors;
    private final List<TensorInfo> infos = new ArrayList<>();
    private final Map<String, String> metadata;
    private final long dataLength;

    /**
     * Lays tensors out by descending dtype, then by the UTF-8 bytes of their names.
     *
     * @param sink the name of the file in messages
     * @param tensors the tensors
     * @param metadata texts by key
     * @throws IllegalStateException if there are more tensors, or a longer header, than {@link SafeTensors#read} accepts
     */
    SafeTensorsLayout(String sink, Collection<StoredTensor> tensors, Map<String, String> metadata) {
        this.sink = sink;
        this.metadata = metadata;
        ReadOptions readable = SafeTensors.READABLE;
        if (tensors.size() > readable.tensors()) {
            throw new IllegalStateException(
                    sink + ": there must be at most " + readable.tensors() + " tensors, found " + tensors.size());
        }
        this.tensors = tensors.stream().sorted(ORDER).toList();
        long position = 0;
        for (StoredTensor tensor : this.tensors) {
            long end = position + tensor.byteLength();
            infos.add(
                    new TensorInfo(tensor.name(), tensor.dtype(), tensor.array().shape(), position, end));
            position = end;
        }
        this.dataLength = position;
        this.header = HeaderWriter.toBytes(metadata, infos);
        if (header.length > readable.headerBytes()) {
            throw new IllegalStateException(sink + ": the header must have at most " + readable.headerBytes()
                    + " bytes, found " + header.length + " for " + tensors.size() + " tensors");
        }
    }

    /** Returns the number of bytes of the file. */
    long size() {
        return SafeTensorsHeader.PREFIX + header.length + dataLength;
    }

    SafeTensorsHeader header() {
        return new SafeTensorsHeader(sink, SafeTensorsHeader.PREFIX + (long) header.length, infos, metadata);
    }

    /** Writes the file. */
    <E extends Exception> void writeTo(ByteSink<E> sink) throws E {
        ByteBuffer prefix = ByteBuffer.allocate(SafeTensorsHeader.PREFIX).order(ByteOrder.LITTLE_ENDIAN);
        sink.write(prefix.putLong(0, header.length));
        sink.write(ByteBuffer.wrap(header));
        for (StoredTensor tensor : tensors) {
            ArrayBytes.with(tensor.array(), sink::write);
        }
    }
}
