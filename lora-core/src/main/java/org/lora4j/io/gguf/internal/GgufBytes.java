package org.lora4j.io.gguf.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.internal.BufferTransfer;
import org.lora4j.io.internal.RandomAccess;

/** The bytes of a GGUF file, from the first to the last, as numbers and texts. */
final class GgufBytes {
    private static final int CHUNK = 1 << 16;

    /** The values of the largest vocabularies take 60 MB. */
    private static final int SHARE_OF_HEAP = 4;

    /** What a text takes on the heap beside its characters: two objects, and a place in a list. */
    private static final int TEXT_OBJECTS = 56;

    private final String file;
    private final long size;
    private final RandomAccess bytes;
    private final ByteBuffer chunk =
            ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN).limit(0);

    private final long mostMemory;

    /** The position in the file of the end of the chunk. */
    private long read;

    /** What the values so far take on the heap. */
    private long memory;

    GgufBytes(String file, long size, RandomAccess bytes) {
        this(file, size, bytes, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
    }

    /**
     * Reads a file from its first byte on.
     *
     * @param mostMemory how many bytes of the heap all values may take together
     */
    GgufBytes(String file, long size, RandomAccess bytes, long mostMemory) {
        this.file = file;
        this.size = size;
        this.bytes = bytes;
        this.mostMemory = mostMemory;
    }

    String file() {
        return file;
    }

    long size() {
        return size;
    }

    /** Where the next byte is. */
    long position() {
        return read - chunk.remaining();
    }

    /** How many bytes are left. */
    long remaining() {
        return size - position();
    }

    private ByteBuffer next(int count, String what) throws IOException {
        if (remaining() < count) {
            throw refuse(what + " must have " + count + " bytes", remaining() + " before the end of the file");
        }
        if (chunk.remaining() < count) {
            chunk.compact();
            chunk.limit((int) Math.min(chunk.capacity(), chunk.position() + size - read));
            int before = chunk.position();
            readFully(chunk, read, before);
            read += chunk.position() - before;
            chunk.flip();
        }
        return chunk;
    }

    int int32(String what) throws IOException {
        return next(Integer.BYTES, what).getInt();
    }

    long int64(String what) throws IOException {
        return next(Long.BYTES, what).getLong();
    }

    short int16(String what) throws IOException {
        return next(Short.BYTES, what).getShort();
    }

    byte int8(String what) throws IOException {
        return next(Byte.BYTES, what).get();
    }

    /**
     * Reads how many things follow.
     *
     * @param least the fewest bytes of one of them
     * @param most how many are allowed
     */
    int count(String what, int least, int most) throws IOException {
        long count = int64(what);
        if (count < 0 || count > most || count > remaining() / least) {
            throw refuse(
                    what + " must be at most " + most + ", and fit into the " + remaining() + " bytes that are left",
                    Long.toUnsignedString(count));
        }
        return (int) count;
    }

    /**
     * Counts the memory of values before it is allocated: a small file can hold many.
     *
     * @throws GgufException if all values together take more of the heap than they may
     */
    void take(long bytesOfHeap) throws GgufException {
        memory += bytesOfHeap;
        if (memory > mostMemory) {
            throw refuse(
                    "the keys and their values must take at most 1/" + SHARE_OF_HEAP + " of the heap, " + mostMemory
                            + " bytes; if the file is as it should be, give Java more memory with -Xmx",
                    "more");
        }
    }

    /** Reads a text with its length before it. */
    String text(String what, int most) throws IOException {
        int length = count("the length of " + what, 1, most);
        take(TEXT_OBJECTS + (long) Character.BYTES * length);
        if (length == 0) {
            return "";
        }
        ByteBuffer text = ByteBuffer.allocate(length);
        while (text.hasRemaining()) {
            ByteBuffer some = next(Math.min(text.remaining(), CHUNK), what);
            int end = some.limit();
            some.limit(Math.min(end, some.position() + text.remaining()));
            text.put(some);
            some.limit(end);
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text.flip()).toString();
        } catch (CharacterCodingException e) {
            GgufException refusal = refuse(what + " must be UTF-8", "other bytes");
            refusal.initCause(e);
            throw refusal;
        }
    }

    /** Reads bytes of any place until the buffer is full. */
    void read(ByteBuffer target, long position) throws IOException {
        int before = target.position();
        readFully(target, position, before);
        if (target.hasRemaining()) {
            throw new GgufException(
                    file,
                    "byte " + (position + target.position() - before),
                    "the file must not shrink while it is read: " + target.remaining() + " more bytes expected",
                    "its end");
        }
    }

    private void readFully(ByteBuffer target, long position, int before) throws IOException {
        BufferTransfer.readFully(file, buffer -> bytes.read(buffer, position + buffer.position() - before), target);
    }

    GgufException refuse(String rule, Object found) {
        return new GgufException(file, "byte " + position(), rule, found);
    }
}
