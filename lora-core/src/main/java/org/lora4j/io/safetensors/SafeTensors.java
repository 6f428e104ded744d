package org.lora4j.io.safetensors;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.io.internal.BufferTransfer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Named tensors and metadata, as a safetensors file holds them: a little-endian u64 with the length of the header, the
 * header as JSON, then the bytes of the tensors, little-endian and row-major.
 *
 * <p>It reads and writes every dtype of the format, from and to files, bytes, streams and channels. Every source gets the
 * same checks, and every sink the same bytes. To read only the header of a file or single tensors of it, use
 * {@link #readHeader} or {@link SafeTensorsReader}.
 *
 * <p>An instance holds arrays and does not copy them: {@link #tensor(String)} returns the array that was read, and
 * {@link #write(Path) write} writes what the given arrays contain at that time. Several threads may use an instance as
 * long as nobody changes the arrays.
 *
 * <p>A tensor may have at most 2<sup>31</sup> − 1 bytes; a file has no such limit. The number of tensors and the length of
 * the header are limited by {@link ReadOptions}, for files that are read and for those that are written.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">The safetensors format</a>
 */
public final class SafeTensors {
    private static final String BYTES = "byte array";
    private static final String INPUT = "input stream";
    private static final String OUTPUT = "output stream";
    private static final String CHANNEL = "channel";

    /** What is read unless the caller says otherwise: a file of any length, such as a base. */
    static final ReadOptions READABLE = ReadOptions.defaults().withFileBytes(Long.MAX_VALUE);

    private final String source;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;

    SafeTensors(String source, Map<String, StoredTensor> tensors, Map<String, String> metadata) {
        this.source = source;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Creates an instance that holds the given tensors.
     *
     * @param tensors the arrays by name, each of a type that {@link SafeTensorsBuilder#tensor} accepts
     * @param metadata texts by key; Python's PEFT expects {@code {"format": "pt"}}
     * @return the tensors, in the map's order
     * @throws IllegalArgumentException if {@link SafeTensorsBuilder#tensor} or {@link SafeTensorsBuilder#metadata} refuses an entry
     */
    public static SafeTensors of(Map<String, INDArray> tensors, Map<String, String> metadata) {
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(metadata, "metadata must not be null");
        SafeTensorsBuilder builder = builder();
        tensors.forEach(builder::tensor);
        metadata.forEach(builder::metadata);
        return builder.build();
    }

    /**
     * Creates a builder without tensors and metadata.
     *
     * @return a new builder
     */
    public static SafeTensorsBuilder builder() {
        return new SafeTensorsBuilder();
    }

    /**
     * Reads a whole file of any length and closes it. The header and the file's length are checked before any array is
     * allocated. The header may have as many bytes and tensors as {@link ReadOptions#defaults()} allow; for more, use
     * {@link #read(Path, ReadOptions)}.
     *
     * @param file the file
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws SafeTensorsException if the file breaks a rule of the format, or a tensor exceeds the limits of this class
     *     or of ND4J
     * @throws IOException if the file cannot be read, or is a folder, a device, a pipe or the like
     */
    public static SafeTensors read(Path file) throws IOException {
        return read(file, READABLE);
    }

    /**
     * Reads a whole file with limits of the caller's, and closes it; see {@link #read(Path)}.
     *
     * @param file the file
     * @param options the most bytes of the file and its header, and the most tensors
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws SafeTensorsException if the file exceeds a limit, or is refused as by {@link #read(Path)}
     * @throws IOException if the file cannot be read, or is a folder, a device, a pipe or the like
     */
    public static SafeTensors read(Path file, ReadOptions options) throws IOException {
        try (SafeTensorsReader reader = SafeTensorsReader.open(file, options)) {
            return reader.readAll();
        } catch (ClosedByInterruptException e) {
            throw AtomicFile.failure(file + ": the file cannot be read, because the thread was interrupted", e);
        }
    }

    /**
     * Reads a safetensors file that is in memory. The header and the length are checked before any array is allocated.
     *
     * @param bytes the whole file; copied
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws SafeTensorsException if the bytes break a rule of the format, or a tensor exceeds the limits of this class
     *     or of ND4J
     */
    public static SafeTensors read(byte[] bytes) throws SafeTensorsException {
        return read(bytes, READABLE);
    }

    /**
     * Reads a safetensors file that is in memory with limits of the caller's; see {@link #read(byte[])}.
     *
     * @param bytes the whole file; copied
     * @param options the most bytes of the file and its header, and the most tensors
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws SafeTensorsException if the bytes exceed a limit, or are refused as by {@link #read(byte[])}
     */
    public static SafeTensors read(byte[] bytes, ReadOptions options) throws SafeTensorsException {
        Objects.requireNonNull(bytes, "bytes must not be null");
        Objects.requireNonNull(options, "options must not be null");
        try {
            return SafeTensorsReader.of(BYTES, bytes, options).readAll();
        } catch (SafeTensorsException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError("reading from memory does not fail", e);
        }
    }

    /**
     * Reads a safetensors file from a stream. The stream must contain this one file and nothing after it, so it is read to
     * its end. It is not closed.
     *
     * <p>The length of a stream is not known in advance. So an array is allocated only when all bytes of its tensor have
     * arrived, and a header that claims large tensors costs no memory. Until then the bytes of one tensor are kept on the
     * heap. {@link #read(Path)} needs no such memory.
     *
     * @param stream the stream
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws SafeTensorsException if the stream breaks a rule of the format, ends early or goes on after the last tensor,
     *     or a tensor exceeds the limits of this class or of ND4J
     * @throws IOException if the stream cannot be read, or gives no byte in 100 calls in a row
     */
    public static SafeTensors read(InputStream stream) throws IOException {
        return read(stream, READABLE);
    }

    /**
     * Reads a safetensors file from a stream with limits of the caller's; see {@link #read(InputStream)}. A header that
     * claims more than the limits allow is refused before any tensor is read.
     *
     * @param stream the stream
     * @param options the most bytes of the file and its header, and the most tensors
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws SafeTensorsException if the file exceeds a limit, or is refused as by {@link #read(InputStream)}
     * @throws IOException if the stream cannot be read, or gives no byte in 100 calls in a row
     */
    public static SafeTensors read(InputStream stream, ReadOptions options) throws IOException {
        Objects.requireNonNull(stream, "stream must not be null");
        Objects.requireNonNull(options, "options must not be null");
        return SafeTensorsStream.read(INPUT, input(stream), options);
    }

    private static BufferTransfer.Input input(InputStream stream) {
        return target -> {
            int count = stream.read(target.array(), target.arrayOffset() + target.position(), target.remaining());
            target.position(target.position() + Math.max(count, 0));
            return count;
        };
    }

    /**
     * Reads the header of a stream, and none of its tensors; not part of the API.
     *
     * @param source the name of the file, for messages
     * @param stream the file, which stays open
     * @return the header
     * @throws IOException if the file cannot be read or is damaged
     * @hidden
     */
    public static SafeTensorsHeader readHeader(String source, InputStream stream) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(stream, "stream must not be null");
        return SafeTensorsStream.readHeader(source, input(stream), READABLE);
    }

    /**
     * Reads tensors of a stream, one after the other, so that only one is in memory; not part of the API.
     *
     * @param source the name of the file, for messages
     * @param stream the file, which stays open
     * @param isWanted whether a tensor is read
     * @param consumer gets each tensor alone
     * @throws IOException if the file cannot be read or is damaged, or the consumer fails
     * @hidden
     */
    public static void readEach(String source, InputStream stream, Predicate<String> isWanted, Consumer consumer)
            throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(stream, "stream must not be null");
        Objects.requireNonNull(isWanted, "isWanted must not be null");
        Objects.requireNonNull(consumer, "consumer must not be null");
        SafeTensorsStream.readEach(
                source,
                input(stream),
                READABLE,
                isWanted,
                tensor -> consumer.accept(new SafeTensors(source, Map.of(tensor.name(), tensor), Map.of())));
    }

    /**
     * Gets tensors; not part of the API.
     *
     * @hidden
     */
    @FunctionalInterface
    public interface Consumer {
        /**
         * Gets a tensor.
         *
         * @param tensor a file with this tensor alone
         * @throws IOException if it cannot be used
         */
        void accept(SafeTensors tensor) throws IOException;
    }

    /**
     * Reads a safetensors file from the current position of a channel to its end, as {@link #read(InputStream)} does. The
     * channel is not closed.
     *
     * @param channel the channel, in blocking mode
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws IllegalArgumentException if the channel is in non-blocking mode
     * @throws SafeTensorsException if the file breaks a rule of the format, ends early or goes on after the last tensor,
     *     or a tensor exceeds the limits of this class or of ND4J
     * @throws IOException if the channel cannot be read, or gives no byte in 100 calls in a row
     */
    public static SafeTensors read(ReadableByteChannel channel) throws IOException {
        return read(channel, READABLE);
    }

    /**
     * Reads a safetensors file from the current position of a channel to its end with limits of the caller's, as
     * {@link #read(InputStream, ReadOptions)} does. The channel is not closed.
     *
     * @param channel the channel, in blocking mode
     * @param options the most bytes of the file and its header, and the most tensors
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws IllegalArgumentException if the channel is in non-blocking mode
     * @throws SafeTensorsException if the file exceeds a limit, or is refused as by {@link #read(ReadableByteChannel)}
     * @throws IOException if the channel cannot be read, or gives no byte in 100 calls in a row
     */
    public static SafeTensors read(ReadableByteChannel channel, ReadOptions options) throws IOException {
        Objects.requireNonNull(channel, "channel must not be null");
        Objects.requireNonNull(options, "options must not be null");
        BufferTransfer.requireBlocking(CHANNEL, channel);
        return SafeTensorsStream.read(CHANNEL, channel::read, options);
    }

    /**
     * Reads the header of a file and none of its tensors. The checks are those of {@link #read(Path)}, including the one
     * of the file's length.
     *
     * @param file the file
     * @return its header
     * @throws SafeTensorsException if the header breaks a rule of the format, the file's length differs from what the
     *     header says, or a tensor exceeds the limits of this class or of ND4J
     * @throws IOException if the file cannot be read, or is a folder, a device, a pipe or the like
     */
    public static SafeTensorsHeader readHeader(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            return reader.header();
        }
    }

    /**
     * Writes a file in the format's canonical layout: tensors by descending {@link Dtype}, then by name. The same content
     * gives the same bytes. The file appears completely or not at all: it is written under another name in the same
     * folder, forced to the disk and renamed. If anything fails, an older file of that name keeps its content. What a
     * killed process left beside the file is deleted by the next one that writes it.
     *
     * <p>If several threads or processes write one file, the last one to finish wins. The file keeps its permissions. If
     * the path is a symbolic link, the file that it points to is replaced, and the link stays.
     *
     * @param file the file, replaced if it exists; its folder must exist
     * @throws IOException if the file cannot be written, or is a folder, a device, a pipe or the like; the message says
     *     whether there is still an older file
     * @throws IllegalStateException if there are more tensors or a longer header than {@link #read(Path)} accepts
     */
    public void write(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        SafeTensorsLayout layout = layout(file.toString());
        AtomicFile.write(file, channel -> layout.writeTo(bytes -> AtomicFile.writeFully(channel, bytes)));
    }

    /**
     * Writes the bytes of {@link #write(Path)} to a stream. The stream is flushed and not closed. If writing fails, the
     * stream may have received a part of the bytes.
     *
     * @param stream the stream
     * @throws IOException if the stream cannot be written
     * @throws IllegalStateException if there are more tensors or a longer header than {@link #read(Path)} accepts
     */
    public void write(OutputStream stream) throws IOException {
        Objects.requireNonNull(stream, "stream must not be null");
        layout(OUTPUT).writeTo(bytes -> BufferTransfer.writeFully(stream, bytes));
        stream.flush();
    }

    /**
     * Writes the bytes of {@link #write(Path)} to a channel, from its current position on. The channel is not closed. If
     * writing fails, the channel may have received a part of the bytes.
     *
     * @param channel the channel, in blocking mode
     * @throws IllegalArgumentException if the channel is in non-blocking mode
     * @throws IOException if the channel cannot be written, or takes no byte in 100 calls in a row
     * @throws IllegalStateException if there are more tensors or a longer header than {@link #read(Path)} accepts
     */
    public void write(WritableByteChannel channel) throws IOException {
        Objects.requireNonNull(channel, "channel must not be null");
        BufferTransfer.requireBlocking(CHANNEL, channel);
        layout(CHANNEL).writeTo(bytes -> BufferTransfer.writeFully(CHANNEL, channel, bytes));
    }

    /**
     * Returns the bytes that {@link #write(Path)} writes.
     *
     * @return the whole file
     * @throws IllegalStateException if there are more tensors or a longer header than {@link #read(Path)} accepts, or the file exceeds the
     *     2,147,483,639 bytes of a Java array
     */
    public byte[] toBytes() {
        SafeTensorsLayout layout = layout(BYTES);
        if (layout.size() > ArrayBytes.LARGEST_ARRAY) {
            throw new IllegalStateException(BYTES + ": the file must have at most " + ArrayBytes.LARGEST_ARRAY
                    + " bytes, found " + layout.size() + "; write it to a file or a stream");
        }
        ByteBuffer file = ByteBuffer.allocate((int) layout.size());
        layout.writeTo(bytes -> file.put(bytes));
        return file.array();
    }

    /**
     * Returns the names of all tensors.
     *
     * @return the names in order, unmodifiable
     */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * Returns the texts about the tensors.
     *
     * @return the texts by key, unmodifiable; empty if there are none
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Returns the source of the tensors, for messages.
     *
     * @return the path of the file, or a description of where the tensors come from
     */
    public String source() {
        return source;
    }

    /**
     * Returns the shape of a tensor.
     *
     * @param name the tensor
     * @return its dimensions; of length 0 for a scalar
     * @throws IllegalArgumentException if there is no such tensor
     */
    public long[] shape(String name) {
        return get(name).array().shape().clone();
    }

    /**
     * Returns the element type of a tensor.
     *
     * @param name the tensor
     * @return its type in the file
     * @throws IllegalArgumentException if there is no such tensor
     */
    public Dtype dtype(String name) {
        return get(name).dtype();
    }

    /**
     * Returns a tensor in the ND4J type that holds its values exactly. For F16 and BF16 this is a new FLOAT array. For
     * every other dtype it is the held array (not a copy) of the corresponding type: F32 FLOAT, F64 DOUBLE, I64 LONG, I32
     * INT, I16 SHORT, I8 BYTE, U8 UBYTE, U16 UINT16, U32 UINT32, U64 UINT64, BOOL BOOL.
     *
     * @param name the tensor
     * @return the array; a scalar for rank 0, an empty array if a dimension is 0
     * @throws IllegalArgumentException if there is no such tensor
     * @throws SafeTensorsException if ND4J has no such type (the 8-bit floats), or a BOOL is neither 0 nor 1
     */
    public INDArray tensor(String name) throws SafeTensorsException {
        return get(name).exact();
    }

    /**
     * Returns a floating-point tensor as FLOAT or DOUBLE. The values stay exact, except that F64 is rounded to the nearest
     * FLOAT.
     *
     * @param name the tensor
     * @param type {@link DataType#FLOAT} or {@link DataType#DOUBLE}
     * @return the held array if it has this type already, otherwise a new one
     * @throws IllegalArgumentException if there is no such tensor, or the type is another
     * @throws SafeTensorsException if the tensor is not F16, BF16, F32 or F64, or a finite value would become infinite
     */
    public INDArray tensor(String name, DataType type) throws SafeTensorsException {
        return get(name).floating(type);
    }

    /**
     * Returns a floating-point tensor as FLOAT or DOUBLE, as {@link #tensor(String, DataType)} does, and refuses NaN and
     * infinite elements: the weights of a model have none.
     *
     * @param name the tensor
     * @param type {@link DataType#FLOAT} or {@link DataType#DOUBLE}; {@link DataType#BFLOAT16} for a tensor of BF16, whose bits
     *     stay as they are
     * @return the array, or a new one if the tensor is of another type
     * @throws IllegalArgumentException if there is no such tensor, or the type is another
     * @throws SafeTensorsException if {@link #tensor(String, DataType)} refuses the tensor, or an element is not finite; the
     *     message names the first one
     */
    public INDArray finiteTensor(String name, DataType type) throws SafeTensorsException {
        return get(name).finite(type);
    }

    /**
     * Returns the bytes of a tensor of any dtype.
     *
     * @param name the tensor
     * @return a copy, little-endian and row-major
     * @throws IllegalArgumentException if there is no such tensor
     */
    public byte[] bytes(String name) {
        return get(name).bytes();
    }

    /**
     * Returns all tensors as {@link #tensor(String)} does.
     *
     * @return the arrays by name, in order, unmodifiable
     * @throws SafeTensorsException if ND4J has no type for a tensor, or a BOOL is neither 0 nor 1
     */
    public Map<String, INDArray> tensors() throws SafeTensorsException {
        Map<String, INDArray> all = new LinkedHashMap<>();
        for (String name : tensors.keySet()) {
            all.put(name, tensor(name));
        }
        return Collections.unmodifiableMap(all);
    }

    /**
     * Returns the header of the file that {@link #write(Path)} writes.
     *
     * @return the header
     * @throws IllegalStateException if there are more tensors, or a longer header, than {@link #read} accepts
     */
    public SafeTensorsHeader header() {
        return layout(source).header();
    }

    private StoredTensor get(String name) {
        return MessageText.find(tensors, name, source);
    }

    private SafeTensorsLayout layout(String sink) {
        return new SafeTensorsLayout(sink, tensors.values(), metadata);
    }

    @Override
    public String toString() {
        return "SafeTensors[" + source + ": " + MessageText.list(tensors.keySet()) + "]";
    }
}
