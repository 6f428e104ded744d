package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.BufferTransfer;
import org.lora4j.io.safetensors.SafeTensorsSink.SlowChannel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Writing to bytes, streams and channels. */
class SafeTensorsLayoutTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(SafeTensorsSink.class)
    void writesTheBytesOfTheReferenceToEverySink(SafeTensorsSink sink) throws Exception {
        Path golden = RawFile.golden("lora_r4_a16/adapter/adapter_model.safetensors");

        byte[] written = sink.write(SafeTensors.read(golden), folder.resolve("copy"));

        assertThat(written).isEqualTo(Files.readAllBytes(golden));
    }

    @ParameterizedTest
    @EnumSource(SafeTensorsSink.class)
    void writesTheSameBytesToEverySink(SafeTensorsSink sink) throws IOException {
        SafeTensors tensors = allDtypes();

        byte[] written = sink.write(tensors, folder.resolve("written"));

        tensors.write(folder.resolve("expected"));
        assertThat(written).isEqualTo(Files.readAllBytes(folder.resolve("expected")));
        SafeTensors read = SafeTensors.read(written);
        assertThat(read.names())
                .hasSize(Dtype.values().length + 2)
                .containsExactlyInAnyOrderElementsOf(tensors.names());
        for (String name : tensors.names()) {
            assertThat(read.bytes(name)).as(name).isEqualTo(tensors.bytes(name));
        }
    }

    /** One tensor of each dtype, a column-major one, and one that is larger than what a stream gets at once. */
    private static SafeTensors allDtypes() {
        Random random = new Random(2);
        SafeTensorsBuilder builder = SafeTensors.builder().metadata("format", "pt");
        for (Dtype dtype : Dtype.values()) {
            byte[] bytes = new byte[3 * dtype.size()];
            random.nextBytes(bytes);
            builder.bytes(dtype.name(), dtype, new long[] {3, 1}, bytes);
        }
        byte[] large = new byte[200_001];
        random.nextBytes(large);
        return builder.bytes("large", Dtype.I8, new long[] {large.length}, large)
                .tensor(
                        "f",
                        Nd4j.createFromArray(1f, 2f, 3f, 4f, 5f, 6f)
                                .reshape(2, 3)
                                .dup('f'))
                .build();
    }

    @Test
    void flushesAStreamAndDoesNotCloseIt() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream() {
            @Override
            public void close() {
                throw new AssertionError("closed");
            }
        };
        SafeTensors tensors = allDtypes();

        tensors.write(new BufferedOutputStream(target, 1 << 20));

        assertThat(target.toByteArray()).isEqualTo(tensors.toBytes());
    }

    @Test
    void doesNotCloseTheStreamOfAnInterruptedThread() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream() {
            @Override
            public void close() {
                throw new AssertionError("closed");
            }
        };
        Thread.currentThread().interrupt();
        try {
            allDtypes().write(target);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(target.toByteArray()).isEqualTo(allDtypes().toBytes());
    }

    @Test
    void writesToAChannelAtItsPositionAndDoesNotCloseIt() throws IOException {
        SafeTensors tensors = SafeTensors.of(Map.of("t", Nd4j.createFromArray(1f, 2f)), Map.of());
        Path file = Files.writeString(folder.resolve("behind"), "preamble");

        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            tensors.write(channel.position(8));

            assertThat(channel.position()).isEqualTo(8 + tensors.toBytes().length);
            assertThat(SafeTensors.read(channel.position(8)).tensor("t")).isEqualTo(Nd4j.createFromArray(1f, 2f));
        }
        SlowChannel slow = new SlowChannel(0);
        tensors.write(slow);
        assertThat(slow.isOpen()).isTrue();
    }

    @Test
    void acceptsAChannelThatSometimesTakesNoByte() throws IOException {
        SafeTensors tensors = SafeTensors.of(Map.of("t", Nd4j.createFromArray(1f, 2f)), Map.of());
        SlowChannel channel = new SlowChannel(BufferTransfer.MOST_EMPTY - 1);

        tensors.write(channel);

        assertThat(channel.written.toByteArray()).isEqualTo(tensors.toBytes());
    }

    @Test
    void refusesAChannelThatKeepsTakingNoByte() {
        SlowChannel channel = new SlowChannel(BufferTransfer.MOST_EMPTY);

        assertThatThrownBy(() -> SafeTensors.of(Map.of(), Map.of()).write(channel))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("channel: a write must move at least one byte, found none in 100 calls in a row; "
                        + "use blocking mode");
    }

    @Test
    void refusesANonBlockingChannel() throws IOException {
        Pipe pipe = Pipe.open();
        try (Pipe.SourceChannel source = pipe.source();
                Pipe.SinkChannel sink = pipe.sink()) {
            sink.configureBlocking(false);

            assertThat(source.isOpen()).isTrue();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SafeTensors.of(Map.of(), Map.of()).write(sink))
                    .withMessageStartingWith("channel: must be in blocking mode, found non-blocking mode");
        }
    }

    @Test
    void passesTheFailureOfAStreamOn() {
        IOException failure = new IOException("disk full");
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw failure;
            }
        };

        assertThatThrownBy(() -> allDtypes().write(broken)).isSameAs(failure);
    }

    @Test
    void refusesBytesBeyondOneArray() {
        INDArray shared = ArrayBytes.allocate(DataType.UINT8, new long[] {1 << 20});
        SafeTensorsBuilder builder = SafeTensors.builder();
        for (int i = 0; i < 2048; i++) {
            builder.tensor("t" + i, shared);
        }

        assertThatIllegalStateException()
                .isThrownBy(() -> builder.build().toBytes())
                .withMessageMatching("byte array: the file must have at most 2147483639 bytes, found 2147\\d{6}; "
                        + "write it to a file or a stream");
    }

    @Test
    void refusesAHeaderBeyondTheLimitBeforeItWritesAnything() {
        SafeTensors tensors = SafeTensors.of(Map.of(), Map.of("long", "x".repeat(16_777_216)));
        ByteArrayOutputStream stream = new ByteArrayOutputStream();

        assertThatIllegalStateException()
                .isThrownBy(() -> tensors.write(stream))
                .withMessage("output stream: the header must have at most 16777216 bytes, "
                        + "found 16777248 for 0 tensors");
        assertThat(stream.size()).isZero();
    }
}
