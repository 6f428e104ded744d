package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.Logged;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

class PeftFilesTest {
    private final Network network = Models.dense(4, 3, 2);
    private final LoRAAdapter adapter = LoRAModel.of(network)
            .add(
                    "a",
                    LoRAConfig.builder()
                            .rank(2)
                            .alpha(3)
                            .seed(5)
                            .init(LoRAInit.random())
                            .build())
            .adapter();

    @TempDir
    private Path folder;

    @Test
    void bytesAreThoseOfTheFolder() throws IOException {
        PeftAdapters.save(adapter, network, folder);
        PeftFiles files = PeftFiles.of(adapter, network);
        assertThat(files.config()).isEqualTo(Files.readAllBytes(folder.resolve("adapter_config.json")));
        assertThat(files.tensors()).isEqualTo(Files.readAllBytes(folder.resolve("adapter_model.safetensors")));
        LoRAAdapter read = PeftFiles.read(files.config(), files.tensors(), ReadOptions.of(FingerprintCheck.REQUIRE))
                .adapter(network);
        assertThat(read).isEqualTo(PeftAdapters.load(folder, network));
        assertThat(read.weights()).isEqualTo(adapter.weights());
        assertThat(read.config().seed()).isEqualTo(5);
    }

    @Test
    void streamsHoldTheSameAndStayOpen() throws IOException {
        boolean[] closed = new boolean[1];
        ByteArrayOutputStream config = new ByteArrayOutputStream() {
            @Override
            public void close() {
                closed[0] = true;
            }
        };
        ByteArrayOutputStream tensors = new ByteArrayOutputStream();
        PeftFiles.of(adapter).write(config, tensors);
        InputStream configIn = new ByteArrayInputStream(config.toByteArray()) {
            @Override
            public void close() {
                closed[0] = true;
            }
        };
        LoRAAdapter read = PeftFiles.read(configIn, new ByteArrayInputStream(tensors.toByteArray()))
                .adapter();
        assertThat(read.weights()).isEqualTo(adapter.weights());
        assertThat(closed[0]).isFalse();
    }

    @Test
    void anAdapterOfAnotherBaseIsRefusedIfFingerprintsAreRequired() throws IOException {
        PeftFiles files = PeftFiles.of(adapter, network);
        Network other = Models.dense(DataType.FLOAT, 2, 4, 3, 2);
        assertThatThrownBy(
                        () -> PeftFiles.read(files.config(), files.tensors(), ReadOptions.of(FingerprintCheck.REQUIRE))
                                .adapter(other))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("found other weights in 'linear1', 'linear2'");
        assertThat(PeftFiles.read(files.config(), files.tensors(), ReadOptions.of(FingerprintCheck.IGNORE))
                        .adapter(other)
                        .weights())
                .isEqualTo(adapter.weights());
        try (Logged warned = Logged.by(Fingerprint.class)) {
            assertThat(files.adapter(other).weights()).isEqualTo(adapter.weights());
            assertThat(warned.messages()).singleElement().asString().contains("'linear1', 'linear2'");
        }
    }

    @Test
    void messagesSayThatTheFilesAreInMemory() throws IOException {
        byte[] tensors = PeftFiles.of(adapter).tensors();
        assertThatThrownBy(() -> PeftFiles.read("{}".getBytes(StandardCharsets.UTF_8), tensors)
                        .adapter())
                .isInstanceOf(PeftFormatException.class)
                .hasMessageStartingWith("adapter_config.json in memory: ");
        assertThatThrownBy(() -> PeftFiles.read(new byte[2], new byte[3])).isInstanceOf(SafeTensorsException.class);
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return ' ';
            }
        };
        assertThatThrownBy(() -> PeftFiles.read(endless, new ByteArrayInputStream(tensors)))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("must have at most 4194304 bytes");
    }
}
