package org.lora4j.io.gguf.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.internal.RandomAccess;

/** What a small file can make the reader keep on the heap. */
class GgufHeaderTest {
    private static final int UINT8 = 0;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final String KEY = "tokenizer.ggml.tokens";

    /** A file with one key, an array of so many values that are 0 or empty. */
    private static byte[] file(int type, int count, int bytesOfValue) {
        ByteBuffer file = ByteBuffer.allocate(100 + count * bytesOfValue).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(GgufHeader.MAGIC).putInt(GgufHeader.NEWEST).putLong(0).putLong(1);
        file.putLong(KEY.length()).put(KEY.getBytes(StandardCharsets.UTF_8));
        file.putInt(ARRAY).putInt(type).putLong(count);
        return file.array();
    }

    private static GgufHeader read(byte[] file, long mostMemory) throws IOException {
        return GgufHeader.read(new GgufBytes("model.gguf", file.length, RandomAccess.of(file), mostMemory));
    }

    @Test
    void textsTakeTheirObjectsOnTheHeap() throws IOException {
        byte[] file = file(STRING, 1000, Long.BYTES);
        assertThat(read(file, 100_000).keys().file()).isEqualTo("model.gguf");
        assertThatThrownBy(() -> read(file, 50_000))
                .isInstanceOf(GgufException.class)
                .hasMessageMatching("model\\.gguf: byte \\d+: the keys and their values must take at most 1/4 of the"
                        + " heap, 50000 bytes; .* give Java more memory with -Xmx, found more");
    }

    @Test
    void bytesBecomeLongs() throws IOException {
        byte[] file = file(UINT8, 10_000, Byte.BYTES);
        assertThat(read(file, 100_000).keys().file()).isEqualTo("model.gguf");
        assertThatThrownBy(() -> read(file, 50_000))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("50000 bytes");
    }
}
