package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.lang.management.ManagementFactory;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.io.internal.BufferTransfer;
import org.lora4j.io.safetensors.SafeTensorsSource.SlowChannel;
import org.nd4j.linalg.factory.Nd4j;

/** Reading from bytes, streams and channels. */
class SafeTensorsStreamTest {
    private static final int MEBIBYTE = 1 << 20;
    private static final String TWO_TENSORS = "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
            + "\"none\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[16,16]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[16,19]}}";

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(SafeTensorsSource.class)
    void readsTheSameFromEverySource(SafeTensorsSource source) throws Exception {
        Path golden = RawFile.golden("lora_r4_a16/adapter/adapter_model.safetensors");

        SafeTensors read = source.read(golden);

        assertThat(read.toBytes()).isEqualTo(Files.readAllBytes(golden));
        assertThat(read.names())
                .containsExactlyElementsOf(SafeTensors.read(golden).names());
        assertThat(read.metadata()).containsExactly(Map.entry("format", "pt"));
        assertThat(read).asString().startsWith("SafeTensors[" + source.label(golden) + ": ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read.tensor("x"))
                .withMessageStartingWith(source.label(golden) + ": no tensor 'x', found ");
    }

    @ParameterizedTest
    @EnumSource(SafeTensorsSource.class)
    void readsTensorsThatSpanSeveralChunks(SafeTensorsSource source) throws IOException {
        byte[] bytes = new byte[3 * MEBIBYTE + 5];
        new Random(1).nextBytes(bytes);
        Path file = Files.write(
                folder.resolve("large"),
                SafeTensors.builder()
                        .bytes("large", Dtype.U8, new long[] {bytes.length}, bytes)
                        .bytes("small", Dtype.U8, new long[] {2}, new byte[] {7, 8})
                        .build()
                        .toBytes());

        SafeTensors read = source.read(file);

        assertThat(read.bytes("large")).isEqualTo(bytes);
        assertThat(read.bytes("small")).containsExactly(7, 8);
    }

    @ParameterizedTest
    @EnumSource(SafeTensorsSource.class)
    void refusesAFileThatEndsAnywhereWithTheSameMessage(SafeTensorsSource source) throws IOException {
        byte[] whole = RawFile.of(TWO_TENSORS, 19);
        Path file = folder.resolve("part");

        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> source.read(file))
                    .as("%d bytes", length)
                    .isInstanceOf(SafeTensorsException.class)
                    .hasMessage(source.label(file) + ": " + truncated(length, whole.length - 8 - 19));
        }
        assertThat(source.read(Files.write(file, whole)).bytes("b")).containsExactly(16, 17, 18);
    }

    private static String truncated(int length, int headerLength) {
        if (length < 8) {
            return "file: must have at least 8 bytes, found " + length;
        }
        int rest = length - 8;
        return rest < headerLength
                ? "byte 0: the header must have at most the " + rest + " bytes that follow, found " + headerLength
                : "data: the file must have 19 bytes after the header, found " + (rest - headerLength);
    }

    @ParameterizedTest
    @EnumSource(SafeTensorsSource.class)
    void refusesBytesAfterTheLastTensor(SafeTensorsSource source) throws IOException {
        Path file = Files.write(folder.resolve("long"), RawFile.of(TWO_TENSORS, 20));

        assertThatThrownBy(() -> source.read(file))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage(source.label(file) + ": data: the file must have 19 bytes after the header, found "
                        + (source.knowsItsLength() ? "20" : "more"));
    }

    @Test
    void refusesAStreamThatNeverEnds() {
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 0;
            }
        };
        InputStream stream = new SequenceInputStream(new ByteArrayInputStream(RawFile.of(TWO_TENSORS, 19)), endless);

        assertThatThrownBy(() -> SafeTensors.read(stream))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageEndingWith("found more");
    }

    @Test
    void doesNotCloseTheSource() throws IOException {
        byte[] file = RawFile.of(TWO_TENSORS, 19);
        InputStream stream = new ByteArrayInputStream(file) {
            @Override
            public void close() {
                throw new AssertionError("closed");
            }
        };
        ReadableByteChannel channel = Channels.newChannel(new ByteArrayInputStream(file));

        assertThat(SafeTensors.read(stream).names()).contains("a");
        assertThat(SafeTensors.read(channel).names()).contains("a");
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void readsAChannelFromItsCurrentPosition() throws IOException {
        Path file = folder.resolve("behind");
        Files.writeString(file, "preamble");
        Files.write(file, RawFile.of(TWO_TENSORS, 19), StandardOpenOption.APPEND);

        try (FileChannel channel = FileChannel.open(file)) {
            SafeTensors read = SafeTensors.read(channel.position(8));

            assertThat(read.bytes("b")).containsExactly(16, 17, 18);
        }
    }

    @Test
    void keepsACopyOfTheBytes() throws IOException {
        byte[] file = RawFile.of(TWO_TENSORS, 19);

        SafeTensors read = SafeTensors.read(file);
        Arrays.fill(file, (byte) -1);

        assertThat(read.bytes("b")).containsExactly(16, 17, 18);
    }

    @Test
    void passesTheFailureOfAStreamOn() {
        IOException failure = new IOException("connection reset");
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw failure;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                throw failure;
            }
        };
        byte[] half = Arrays.copyOf(RawFile.of(TWO_TENSORS, 19), 200);

        assertThatThrownBy(() -> SafeTensors.read(new SequenceInputStream(new ByteArrayInputStream(half), broken)))
                .isSameAs(failure);
    }

    @Test
    void acceptsAChannelThatSometimesReturnsNoByte() throws IOException {
        SafeTensors read =
                SafeTensors.read(new SlowChannel(RawFile.of(TWO_TENSORS, 19), BufferTransfer.MOST_EMPTY - 1));

        assertThat(read.bytes("b")).containsExactly(16, 17, 18);
    }

    @Test
    void refusesAChannelThatKeepsReturningNoByte() {
        SlowChannel channel = new SlowChannel(RawFile.of(TWO_TENSORS, 19), BufferTransfer.MOST_EMPTY);

        assertThatThrownBy(() -> SafeTensors.read(channel))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("channel: a read must move at least one byte, found none in 100 calls in a row; "
                        + "use blocking mode");
    }

    @Test
    void refusesAStreamThatKeepsReturningNoByte() {
        InputStream stream = new ByteArrayInputStream(new byte[100]) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return 0;
            }
        };

        assertThatThrownBy(() -> SafeTensors.read(stream))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageStartingWith("input stream: a read must move at least one byte");
    }

    @Test
    void refusesANonBlockingChannel() throws IOException {
        Pipe pipe = Pipe.open();
        try (Pipe.SourceChannel source = pipe.source();
                Pipe.SinkChannel sink = pipe.sink()) {
            source.configureBlocking(false);

            assertThat(sink.isOpen()).isTrue();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SafeTensors.read(source))
                    .withMessage("channel: must be in blocking mode, found non-blocking mode; "
                            + "call configureBlocking(true) first");
        }
    }

    /** A hundred tensors of 2 GB, of which the stream has so many bytes. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3 * MEBIBYTE})
    void allocatesNothingOfAClaimedSizeBeforeItsBytesAreThere(int received) {
        String header = IntStream.range(0, 100)
                .mapToObj(i -> String.format(
                        Locale.ROOT,
                        "\"t%d\":{\"dtype\":\"U8\",\"shape\":[2000000000],\"data_offsets\":[%d,%d]}",
                        i,
                        i * 2_000_000_000L,
                        (i + 1) * 2_000_000_000L))
                .collect(Collectors.joining(",", "{", "}"));
        MeasuringStream stream = new MeasuringStream(RawFile.of(header, received));

        assertThatThrownBy(() -> SafeTensors.read(stream))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage("input stream: data: the file must have 200000000000 bytes after the header, found "
                        + received);

        stream.assertAllocatedOnHeapAtMost(16 * MEBIBYTE);
    }

    @Test
    void allocatesNothingOfTheClaimedSizeOfAHeader() {
        byte[] file = "\0\0\0\u0001\0\0\0\0{}".getBytes(StandardCharsets.US_ASCII);
        MeasuringStream stream = new MeasuringStream(file);

        assertThatThrownBy(() -> SafeTensors.read(stream))
                .hasMessage("input stream: byte 0: the header must have at most the 2 bytes that follow, "
                        + "found 16777216");

        stream.assertAllocatedOnHeapAtMost(16 * MEBIBYTE);
    }

    @Test
    void readsArraysOutsideOfWorkspaces() throws IOException {
        byte[] file = SafeTensors.of(Map.of("t", Nd4j.createFromArray(1f, 2f)), Map.of())
                .toBytes();

        try (var workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace("safetensors-stream-test")) {
            assertThat(workspace.isScopeActive()).isTrue();
            assertThat(SafeTensors.read(file).tensor("t").isAttached()).isFalse();
            assertThat(SafeTensors.read(new ByteArrayInputStream(file))
                            .tensor("t")
                            .isAttached())
                    .isFalse();
        }
    }

    /** Measures at each read what this thread has allocated on the heap, and how many native buffers ND4J has created. */
    private static final class MeasuringStream extends ByteArrayInputStream {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        private final long heapBefore = THREADS.getCurrentThreadAllocatedBytes();
        // Each native buffer takes one number of this sequence, and so does each measurement.
        private final long numberBefore = Nd4j.getDeallocatorService().nextValue();
        private long measurements;
        private long heap;
        private long nativeBuffers;

        MeasuringStream(byte[] bytes) {
            super(bytes);
        }

        @Override
        public synchronized int read(byte[] target, int offset, int length) {
            measure();
            return super.read(target, offset, length);
        }

        private void measure() {
            heap = THREADS.getCurrentThreadAllocatedBytes() - heapBefore;
            nativeBuffers = Nd4j.getDeallocatorService().nextValue() - numberBefore - ++measurements;
        }

        void assertAllocatedOnHeapAtMost(long bytes) {
            measure();
            assertThat(heap).as("heap").isPositive().isLessThan(bytes);
            assertThat(nativeBuffers).as("native buffers").isZero();
        }
    }
}
