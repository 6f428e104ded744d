package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.Network;

/** Headers that do not fit into a small heap are refused before memory is asked for. */
@Tag("soak")
class LargeHeaderSoakTest {
    @TempDir
    private Path folder;

    /** Writes a header with spaces behind it. */
    private Path write(String header, int spaces) throws Exception {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("adapter_model.safetensors");
        try (OutputStream stream = Files.newOutputStream(file)) {
            stream.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(text.length + spaces)
                    .array());
            stream.write(text);
            byte[] thousand = " ".repeat(1000).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < spaces; i += thousand.length) {
                stream.write(thousand);
            }
        }
        return file;
    }

    private void assertRefused(Path file) throws Exception {
        Files.writeString(
                folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"target_modules\": [\"fc\"]}");
        assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(SafeTensorsException.class);
        assertThatThrownBy(() -> SafeTensors.readHeader(file)).isInstanceOf(SafeTensorsException.class);
        assertThatThrownBy(() -> Network.load(file)).isInstanceOf(SafeTensorsException.class);
        assertThatThrownBy(() -> PeftAdapters.load(folder)).isInstanceOf(SafeTensorsException.class);
    }

    @Test
    void refusesAHeaderOf90Megabytes() throws Exception {
        assertRefused(write("{}", 90_000_000));
    }

    @Test
    void refusesTwoHundredThousandTensors() throws Exception {
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < 200_000; i++) {
            header.append(i == 0 ? "" : ",")
                    .append("\"t")
                    .append(i)
                    .append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }
        assertRefused(write(header.append('}').toString(), 0));
    }
}
