package org.lora4j.io.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.BufferTransfer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads a safetensors file from a source of unknown length, from its first byte to its last. Bytes are collected in
 * chunks of bounded size. An array is allocated only when all bytes of its tensor are there, so a file that claims more
 * than it holds costs no memory.
 */
final class SafeTensorsStream {
    private static final int CHUNK = 1 << 20;

    private final String source;
    private final BufferTransfer.Input input;
    private final ReadOptions options;

    private SafeTensorsStream(String source, BufferTransfer.Input input, ReadOptions options) {
        this.source = source;
        this.input = input;
        this.options = options;
    }

    /**
     * Reads a file that ends where the source ends.
     *
     * @param source the name of the file in messages
     * @param input gives the bytes; it is given buffers on the heap only
     * @param options how much is read
     * @return the tensors in the order of their data
     * @throws SafeTensorsException if the file breaks a rule of the format
     * @throws IOException if the source fails
     */
    static SafeTensors read(String source, BufferTransfer.Input input, ReadOptions options) throws IOException {
        SafeTensorsStream stream = new SafeTensorsStream(source, input, options);
        SafeTensorsHeader header = stream.header();
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        stream.readEach(header, name -> true, tensor -> tensors.put(tensor.name(), tensor));
        return new SafeTensors(source, tensors, header.metadata());
    }

    /**
     * Reads the header alone.
     *
     * @throws SafeTensorsException if it breaks a rule of the format
     * @throws IOException if the source fails
     */
    static SafeTensorsHeader readHeader(String source, BufferTransfer.Input input, ReadOptions options)
            throws IOException {
        return new SafeTensorsStream(source, input, options).header();
    }

    /**
     * Reads some tensors, one after the other, so that only one is in memory.
     *
     * @param isWanted whether a tensor is read
     * @param consumer gets the tensors in the order of their data
     * @throws SafeTensorsException if the file breaks a rule of the format
     * @throws IOException if the source fails
     */
    static void readEach(
            String source,
            BufferTransfer.Input input,
            ReadOptions options,
            Predicate<String> isWanted,
            Consumer consumer)
            throws IOException {
        SafeTensorsStream stream = new SafeTensorsStream(source, input, options);
        stream.readEach(stream.header(), isWanted, consumer);
    }

    /** Gets tensors. */
    @FunctionalInterface
    interface Consumer {
        void accept(StoredTensor tensor) throws IOException;
    }

    private SafeTensorsHeader header() throws IOException {
        int length = HeaderParser.length(source, join(next(SafeTensorsHeader.PREFIX)), options);
        HeaderParser.requireFileBytes(source, SafeTensorsHeader.PREFIX + (long) length, options);
        SafeTensorsHeader header = HeaderParser.parse(source, join(next(length)), length, options);
        HeaderParser.requireFileBytes(source, header.fileLength(), options);
        return header;
    }

    private void readEach(SafeTensorsHeader header, Predicate<String> isWanted, Consumer consumer) throws IOException {
        for (TensorInfo info : header.tensors()) {
            List<ByteBuffer> chunks = next(info.byteLength());
            if (length(chunks) < info.byteLength()) {
                throw header.wrongDataLength(info.begin() + length(chunks));
            }
            if (isWanted.test(info.name())) {
                INDArray array = ArrayBytes.allocate(info.dtype().storage(), info.shape());
                ArrayBytes.with(array, target -> chunks.forEach(target::put));
                consumer.accept(new StoredTensor(source, info.name(), info.dtype(), array));
            }
        }
        if (length(next(1)) > 0) {
            throw header.wrongDataLength("more");
        }
    }

    /** Reads bytes in chunks; fewer only if the source ends before. */
    private List<ByteBuffer> next(long most) throws IOException {
        List<ByteBuffer> chunks = new ArrayList<>();
        long missing = most;
        while (missing > 0) {
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, missing));
            BufferTransfer.readFully(source, input, chunk);
            boolean ended = chunk.hasRemaining();
            chunks.add(chunk.flip());
            missing = ended ? 0 : missing - chunk.remaining();
        }
        return chunks;
    }

    private static byte[] join(List<ByteBuffer> chunks) {
        ByteBuffer whole = ByteBuffer.allocate(Math.toIntExact(length(chunks)));
        chunks.forEach(whole::put);
        return whole.array();
    }

    private static long length(List<ByteBuffer> chunks) {
        return chunks.stream().mapToLong(ByteBuffer::remaining).sum();
    }
}
