package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.ReadOptions;

/** Headers so large that reading them would take minutes, or more memory than there is. */
class LargeHeaderTest {
    @TempDir
    private Path folder;

    private static byte[] manyTensors(int count) {
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < count; i++) {
            header.append(i == 0 ? "" : ",")
                    .append("\"t")
                    .append(i)
                    .append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }
        return RawFile.of(header.append('}').toString(), 0);
    }

    /** All ways to read a file. */
    private Map<String, ThrowingCallable> readers(byte[] content) throws Exception {
        Path file = Files.write(folder.resolve("large.safetensors"), content);
        Map<String, ThrowingCallable> readers = new LinkedHashMap<>();
        readers.put("file", () -> SafeTensors.read(file));
        readers.put("header", () -> SafeTensors.readHeader(file));
        readers.put("reader", () -> SafeTensorsReader.open(file).close());
        readers.put("bytes", () -> SafeTensors.read(content));
        readers.put("stream", () -> SafeTensors.read(new ByteArrayInputStream(content)));
        readers.put("channel", () -> SafeTensors.read(Channels.newChannel(new ByteArrayInputStream(content))));
        return readers;
    }

    private void assertRefused(byte[] content, String message) throws Exception {
        readers(content)
                .forEach((name, reader) -> assertThatThrownBy(reader)
                        .as(name)
                        .isInstanceOf(SafeTensorsException.class)
                        .hasMessageContaining(message));
    }

    @Test
    void refusesALongHeader() throws Exception {
        assertRefused(
                RawFile.of("{\"__metadata__\":{\"long\":\"" + "x".repeat(17 << 20) + "\"}}", 0),
                "byte 0: the header must have at most 16777216 bytes, found 1782");
    }

    @Test
    void refusesManyTensors() throws Exception {
        assertRefused(manyTensors(50_001), "header: must have at most 50000 tensors, found more");
    }

    @Test
    void readsMoreWithLimitsOfTheCaller() throws Exception {
        Path file = Files.write(folder.resolve("large.safetensors"), manyTensors(50_001));

        try (SafeTensorsReader reader =
                SafeTensorsReader.open(file, ReadOptions.defaults().withTensors(60_000))) {
            assertThat(reader.header().names()).hasSize(50_001);
        }
    }

    @Test
    void refusesANameThatOccursTwiceInEveryWayOfReading() throws Exception {
        String one = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        String two = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}";
        for (String spelling : new String[] {"a", "\\u0061"}) {
            assertRefused(
                    RawFile.of("{\"a\":" + one + ",\"" + spelling + "\":" + two + "}", 8),
                    "tensor 'a': names must be unique, found a second one");
        }
    }
}
