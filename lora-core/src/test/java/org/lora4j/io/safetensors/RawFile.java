package org.lora4j.io.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Bytes of files, good and bad, put together by hand. */
public final class RawFile {
    private RawFile() {}

    /** A file with this header, unpadded, and so many bytes of data: 0, 1, 2, … */
    public static byte[] of(String header, int dataLength) {
        return of(header.getBytes(StandardCharsets.UTF_8), dataLength);
    }

    public static byte[] of(byte[] header, int dataLength) {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + dataLength).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        for (int i = 0; i < dataLength; i++) {
            file.put((byte) i);
        }
        return file.array();
    }

    /** The header of a file, without its padding. */
    public static String header(byte[] file) {
        int length = Math.toIntExact(
                ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong());
        return new String(file, 8, length, StandardCharsets.UTF_8).stripTrailing();
    }

    /** The data of a file. */
    public static ByteBuffer data(byte[] file) {
        int length = Math.toIntExact(
                ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong());
        return ByteBuffer.wrap(file, 8 + length, file.length - 8 - length)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A file among the golden cases. */
    public static Path golden(String path) throws Exception {
        var url = RawFile.class.getResource("/golden/" + path);
        if (url == null) {
            throw new IllegalArgumentException("no golden file " + path);
        }
        return Path.of(url.toURI());
    }
}
