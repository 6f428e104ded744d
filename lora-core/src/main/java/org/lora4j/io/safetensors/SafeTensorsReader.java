package org.lora4j.io.safetensors;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.BufferTransfer;
import org.lora4j.io.internal.FileAccess;
import org.lora4j.io.internal.RandomAccess;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads single tensors of a safetensors file. Opening the file reads and checks its header. Each call of
 * {@link #tensor(String) tensor} or {@link #bytes(String) bytes} reads the data of that tensor and no others.
 *
 * <pre>{@code
 * try (SafeTensorsReader reader = SafeTensorsReader.open(Path.of("model.safetensors"))) {
 *     INDArray weight = reader.tensor("encoder.layer.0.attention.self.query.weight", DataType.FLOAT);
 * }
 * }</pre>
 *
 * <p>Several threads may use one reader at the same time. If a thread is interrupted while it reads, the file is closed, as
 * with every {@link FileChannel}.
 */
public final class SafeTensorsReader implements Closeable {
    private final String source;
    private final long size;
    private final RandomAccess bytes;
    private final Closeable resource;
    private final SafeTensorsHeader header;

    /**
     * Creates a reader, and reads and checks the header.
     *
     * @param source the name of the file in messages
     * @param size the number of bytes of the file
     * @param bytes gives the bytes
     * @param resource what {@link #close} closes
     * @param options how much is read
     */
    SafeTensorsReader(String source, long size, RandomAccess bytes, Closeable resource, ReadOptions options)
            throws IOException {
        this.source = source;
        this.size = size;
        this.bytes = bytes;
        this.resource = resource;
        this.header = readHeader(options);
    }

    /**
     * Opens a file, and reads and checks its header.
     *
     * @param file a regular file, directly or behind symbolic links; it must not change as long as the reader is open
     * @return a reader, to be closed by the caller
     * @throws SafeTensorsException if the header breaks a rule of the format, the file's length differs from what the
     *     header says, or a tensor exceeds the limits of {@link SafeTensors} or of ND4J
     * @throws IOException if the file cannot be read, or is a folder, a device, a pipe or the like
     */
    public static SafeTensorsReader open(Path file) throws IOException {
        return open(file, SafeTensors.READABLE);
    }

    /**
     * Opens a file that may come from a stranger, and reads and checks its header.
     *
     * @param file the file; it must not change as long as the reader is open
     * @param options the most bytes of the file and its header, and the most tensors
     * @return a reader, to be closed by the caller
     * @throws SafeTensorsException if the file exceeds a limit, or is refused as by {@link #open(Path)}
     * @throws IOException if the file cannot be read
     */
    public static SafeTensorsReader open(Path file, ReadOptions options) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        Objects.requireNonNull(options, "options must not be null");
        FileChannel channel = FileAccess.open(file);
        try {
            return new SafeTensorsReader(file.toString(), channel.size(), channel::read, channel, options);
        } catch (Throwable failure) {
            closeAfter(failure, channel);
            throw failure;
        }
    }

    /**
     * Creates a reader of a file in memory. It reads and checks the header.
     *
     * @param source the name of the file in messages
     * @param file the bytes of the file, which are not copied
     * @param options the limits
     * @return the reader
     * @throws SafeTensorsException if the header is not one of a safetensors file, or a limit is exceeded
     */
    public static SafeTensorsReader of(String source, byte[] file, ReadOptions options) throws SafeTensorsException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(file, "file must not be null");
        Objects.requireNonNull(options, "options must not be null");
        try {
            return new SafeTensorsReader(source, file.length, RandomAccess.of(file), () -> {}, options);
        } catch (SafeTensorsException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError("reading from memory does not fail", e);
        }
    }

    /**
     * Returns the header of the file.
     *
     * @return names, dtypes and shapes of all tensors, and the metadata
     */
    public SafeTensorsHeader header() {
        return header;
    }

    /**
     * Reads a tensor in the ND4J type that holds its values exactly; see {@link SafeTensors#tensor(String)} for the types.
     *
     * @param name the tensor
     * @return a new array; a scalar for rank 0, an empty array if a dimension is 0
     * @throws IllegalArgumentException if there is no such tensor
     * @throws SafeTensorsException if ND4J has no such type (the 8-bit floats), or a BOOL is neither 0 nor 1
     * @throws IOException if the file cannot be read, or the reader is closed
     */
    public INDArray tensor(String name) throws IOException {
        return read(header.tensor(name)).exact();
    }

    /**
     * Reads a floating-point tensor as FLOAT or DOUBLE. The values stay exact, except that F64 is rounded to the nearest
     * FLOAT.
     *
     * @param name the tensor
     * @param type {@link DataType#FLOAT} or {@link DataType#DOUBLE}
     * @return a new array
     * @throws IllegalArgumentException if there is no such tensor, or the type is another
     * @throws SafeTensorsException if the tensor is not F16, BF16, F32 or F64, or a finite value would become infinite
     * @throws IOException if the file cannot be read, or the reader is closed
     */
    public INDArray tensor(String name, DataType type) throws IOException {
        StoredTensor stored = read(header.tensor(name));
        return stored.release(stored.floating(type));
    }

    /**
     * Reads a floating-point tensor as FLOAT or DOUBLE, as {@link #tensor(String, DataType)} does, and refuses NaN and infinite
     * elements: the weights of a model have none.
     *
     * @param name the tensor
     * @param type {@link DataType#FLOAT} or {@link DataType#DOUBLE}; {@link DataType#BFLOAT16} for a tensor of BF16, whose bits
     *     stay as they are
     * @return a new array
     * @throws IllegalArgumentException if there is no such tensor, or the type is another
     * @throws SafeTensorsException if {@link #tensor(String, DataType)} refuses the tensor, or an element is not finite; the
     *     message names the first one
     * @throws IOException if the file cannot be read, or the reader is closed
     */
    public INDArray finiteTensor(String name, DataType type) throws IOException {
        StoredTensor stored = read(header.tensor(name));
        return stored.release(stored.finite(type));
    }

    /**
     * Reads the bytes of a tensor of any dtype.
     *
     * @param name the tensor
     * @return the bytes, little-endian and row-major
     * @throws IllegalArgumentException if there is no such tensor
     * @throws IOException if the file cannot be read, or the reader is closed
     */
    public byte[] bytes(String name) throws IOException {
        return read(header.tensor(name)).bytes();
    }

    /** Closes the file. Arrays that were read stay valid. */
    @Override
    public void close() throws IOException {
        resource.close();
    }

    /**
     * Reads all tensors.
     *
     * @return the tensors and the metadata; they stay valid after this reader is closed
     * @throws SafeTensorsException if a tensor cannot be an array of ND4J
     * @throws IOException if the file cannot be read
     */
    public SafeTensors readAll() throws IOException {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (TensorInfo info : header.tensors()) {
            tensors.put(info.name(), read(info));
        }
        return new SafeTensors(source, tensors, header.metadata());
    }

    private SafeTensorsHeader readHeader(ReadOptions options) throws IOException {
        HeaderParser.requireFileBytes(source, size, options);
        int length = HeaderParser.length(source, read(0, SafeTensorsHeader.PREFIX), options);
        byte[] json = read(SafeTensorsHeader.PREFIX, length);
        SafeTensorsHeader read = HeaderParser.parse(source, json, length, options);
        read.requireDataLength(size - read.dataBegin());
        return read;
    }

    /** Reads bytes from a position on; fewer only if the file ends before. */
    private byte[] read(long position, int most) throws IOException {
        ByteBuffer target = ByteBuffer.allocate((int) Math.min(most, size - position));
        readFully(target, position);
        return target.array();
    }

    private StoredTensor read(TensorInfo info) throws IOException {
        INDArray array = ArrayBytes.allocate(info.dtype().storage(), info.shape());
        ArrayBytes.with(array, target -> readFully(target, header.dataBegin() + info.begin()));
        return new StoredTensor(source, info.name(), info.dtype(), array);
    }

    private void readFully(ByteBuffer target, long position) throws IOException {
        BufferTransfer.readFully(source, buffer -> bytes.read(buffer, position + buffer.position()), target);
        if (target.hasRemaining()) {
            String rule = "the file must not shrink while it is read: " + target.remaining() + " more bytes expected";
            throw new SafeTensorsException(source, "byte " + (position + target.position()), rule, "its end");
        }
    }

    private static void closeAfter(Throwable failure, Closeable resource) {
        try {
            resource.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
