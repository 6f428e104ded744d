package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.Refusals.refused;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.Refusals;
import org.lora4j.io.internal.RandomAccess;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Reading the header alone, and single tensors. */
class SafeTensorsReaderTest {
    private static final String HEADER = ("{'__metadata__':{'z':'1','a':'2'},"
                    + "'b':{'dtype':'U8','shape':[3],'data_offsets':[4,7]},"
                    + "'scalar':{'dtype':'I8','shape':[],'data_offsets':[7,8]},"
                    + "'none':{'dtype':'F32','shape':[0,5],'data_offsets':[8,8]},"
                    + "'a':{'dtype':'U8','shape':[2,2],'data_offsets':[0,4]}}")
            .replace('\'', '"');
    private static final int DATA = 8 + HEADER.length();

    @TempDir
    Path folder;

    /** A range of bytes that was read. */
    record Range(long begin, long end) {}

    /** A file in memory that records which of its bytes are read. */
    private static final class Recorded implements RandomAccess {
        private final byte[] file;
        private final List<Range> ranges = new ArrayList<>();
        private boolean closed;

        Recorded(byte[] file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) {
            int length = Math.min(target.remaining(), file.length - (int) position);
            target.put(file, (int) position, length);
            ranges.add(new Range(position, position + length));
            return length;
        }

        SafeTensorsReader open() throws IOException {
            return new SafeTensorsReader("recorded", file.length, this, () -> closed = true, SafeTensors.READABLE);
        }

        /** The ranges since the last call, those of no bytes left out. */
        List<Range> taken() {
            List<Range> taken =
                    ranges.stream().filter(range -> range.end() > range.begin()).toList();
            ranges.clear();
            return taken;
        }
    }

    @Test
    void readsTheHeaderAndNoTensor() throws IOException {
        Recorded recorded = new Recorded(RawFile.of(HEADER, 8));

        try (SafeTensorsReader reader = recorded.open()) {
            SafeTensorsHeader header = reader.header();

            assertThat(header.names()).containsExactly("a", "b", "scalar", "none");
            assertThat(header.metadata()).containsExactly(Map.entry("z", "1"), Map.entry("a", "2"));
            assertThat(header.dtype("scalar")).isEqualTo(Dtype.I8);
            assertThat(header.shape("a")).containsExactly(2, 2);
            assertThat(header.shape("scalar")).isEmpty();
            assertThat(header.shape("none")).containsExactly(0, 5);
            assertThat(header.byteLength("a")).isEqualTo(4);
            assertThat(header.byteLength("scalar")).isEqualTo(1);
            assertThat(header.byteLength("none")).isZero();
            assertThat(header.names()).contains("b");
            assertThat(header.names()).doesNotContain("c");
            assertThat(header).asString().isEqualTo("SafeTensorsHeader[recorded: 'a', 'b', 'scalar', 'none']");
        }
        assertThat(recorded.taken()).containsExactly(new Range(0, 8), new Range(8, DATA));
        assertThat(recorded.closed).isTrue();
    }

    @Test
    void readsTheBytesOfOneTensorAndNoOthers() throws IOException {
        Recorded recorded = new Recorded(RawFile.of(HEADER, 8));

        try (SafeTensorsReader reader = recorded.open()) {
            recorded.taken();

            assertThat(reader.tensor("b"))
                    .isEqualTo(Nd4j.createFromArray(4, 5, 6).castTo(DataType.UINT8));
            assertThat(recorded.taken()).containsExactly(new Range(DATA + 4, DATA + 7));
            assertThat(reader.bytes("a")).containsExactly(0, 1, 2, 3);
            assertThat(recorded.taken()).containsExactly(new Range(DATA, DATA + 4));
            assertThat(reader.tensor("scalar").getInt(0)).isEqualTo(7);
            assertThat(recorded.taken()).containsExactly(new Range(DATA + 7, DATA + 8));
            assertThat(reader.tensor("none", DataType.DOUBLE).isEmpty()).isTrue();
            assertThat(recorded.taken()).isEmpty();
        }
    }

    @Test
    void keepsItsHeaderUnchangeable() throws IOException {
        SafeTensorsHeader header = SafeTensors.readHeader(Files.write(folder.resolve("f"), RawFile.of(HEADER, 8)));

        header.shape("a")[0] = 99;

        assertThat(header.shape("a")).containsExactly(2, 2);
        assertThatThrownBy(() -> header.names().remove("a")).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> header.metadata().put("a", "")).isInstanceOf(UnsupportedOperationException.class);
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void givesWhatReadingTheWholeFileGives(Dtype dtype) throws IOException {
        byte[] bytes = new byte[6 * dtype.size()];
        new Random(3).nextBytes(bytes);
        if (dtype == Dtype.BOOL) {
            bytes = new byte[] {0, 1, 1, 0, 1, 0};
        }
        Path file = folder.resolve("f");
        SafeTensors.builder()
                .bytes("before", Dtype.U64, new long[] {3}, new byte[24])
                .bytes("t", dtype, new long[] {2, 3}, bytes)
                .bytes("after", Dtype.BOOL, new long[] {1}, new byte[1])
                .build()
                .write(file);
        SafeTensors whole = SafeTensors.read(file);

        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            assertThat(reader.bytes("t")).isEqualTo(bytes);
            assertThat(reader.header().byteLength("t")).isEqualTo(bytes.length);
            assertSameOutcome(() -> reader.tensor("t"), () -> whole.tensor("t"));
            assertSameOutcome(() -> reader.tensor("t", DataType.FLOAT), () -> whole.tensor("t", DataType.FLOAT));
            assertSameOutcome(() -> reader.tensor("t", DataType.DOUBLE), () -> whole.tensor("t", DataType.DOUBLE));
        }
    }

    private interface Reading {
        INDArray read() throws IOException;
    }

    /** Compares arrays by their bytes, since a NaN differs from itself, and failures by their message. */
    private static void assertSameOutcome(Reading actual, Reading expected) throws IOException {
        INDArray array;
        try {
            array = expected.read();
        } catch (SafeTensorsException e) {
            assertThatThrownBy(actual::read)
                    .isInstanceOf(SafeTensorsException.class)
                    .hasMessage(e.getMessage());
            return;
        }
        INDArray read = actual.read();
        assertThat(read.dataType()).isEqualTo(array.dataType());
        assertThat(read.shape()).isEqualTo(array.shape());
        assertThat(SafeTensors.of(Map.of("t", read), Map.of()).bytes("t"))
                .isEqualTo(SafeTensors.of(Map.of("t", array), Map.of()).bytes("t"));
    }

    @Test
    void givesANewArrayEachTime() throws IOException {
        Path file = Files.write(folder.resolve("f"), RawFile.of(HEADER, 8));

        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            reader.tensor("a").assign(0);

            assertThat(reader.bytes("a")).containsExactly(0, 1, 2, 3);
        }
    }

    /** On the disk the file takes a few kilobytes; to read its data would take minutes and all memory. */
    @Test
    void readsTheHeaderAndTheLastTensorOfASparseFile() throws IOException {
        long large = 2_000_000_000;
        String header = String.format(
                Locale.ROOT,
                "{\"large\":{\"dtype\":\"I8\",\"shape\":[2,%d],\"data_offsets\":[0,%d]},"
                        + "\"larger\":{\"dtype\":\"I8\",\"shape\":[%d],\"data_offsets\":[%d,%d]},"
                        + "\"last\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[%d,%d]}}",
                large / 2,
                large,
                large,
                large,
                2 * large,
                2 * large,
                2 * large + 2);
        Path file = folder.resolve("sparse");
        byte[] head = RawFile.of(header, 0);
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(head));
            channel.write(ByteBuffer.wrap(new byte[] {5, 6}), head.length + 2 * large);
        }

        assertThat(SafeTensors.readHeader(file).names()).containsExactly("large", "larger", "last");
        assertThat(SafeTensors.readHeader(file).shape("large")).containsExactly(2, large / 2);
        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            assertThat(reader.bytes("last")).containsExactly(5, 6);
        }
    }

    @Test
    void readsBeyondTheReachOfAnInt() throws IOException {
        // Only the header exists; every byte of the data is the upper part of its position.
        long far = 5_000_000_000L;
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < 5; i++) {
            header.append(String.format(
                    Locale.ROOT,
                    "\"t%d\":{\"dtype\":\"U8\",\"shape\":[1000000000],\"data_offsets\":[%d,%d]},",
                    i,
                    i * 1_000_000_000L,
                    (i + 1) * 1_000_000_000L));
        }
        header.append(String.format(
                Locale.ROOT, "\"last\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[%d,%d]}}", far, far + 3));
        byte[] head = RawFile.of(header.toString().getBytes(StandardCharsets.US_ASCII), 0);
        RandomAccess bytes = (target, position) -> {
            target.put(position < head.length ? head[(int) position] : (byte) (position / 1_000_000_000));
            return 1;
        };

        try (SafeTensorsReader reader =
                new SafeTensorsReader("far", head.length + far + 3, bytes, () -> {}, SafeTensors.READABLE)) {
            assertThat(reader.bytes("last")).containsExactly(5, 5, 5);
        }
    }

    @Test
    void refusesADamagedFileAndClosesIt() throws IOException {
        Path file = Files.write(folder.resolve("damaged"), RawFile.of(HEADER, 7));

        Refusals.check(
                refused(SafeTensorsException.class, () -> SafeTensorsReader.open(file))
                        .says(file + ": data: the file must have 8 bytes after the header, found 7"),
                refused(SafeTensorsException.class, () -> SafeTensors.readHeader(file))
                        .says(file + ": data: the file must have 8 bytes after the header, found 7"),
                refused(NoSuchFileException.class, () -> SafeTensorsReader.open(folder.resolve("missing"))));
        assertThat(openFiles()).doesNotContain(file.toRealPath());
    }

    /** The files that this process has open, if the system tells. */
    private static List<Path> openFiles() throws IOException {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return List.of();
        }
        List<Path> open = new ArrayList<>();
        try (Stream<Path> links = Files.list(descriptors)) {
            for (Path link : links.toList()) {
                if (Files.exists(link)) {
                    open.add(Files.readSymbolicLink(link));
                }
            }
        }
        return open;
    }

    @Test
    void refusesAFileThatShrinks() throws IOException {
        Path file = Files.write(folder.resolve("f"), RawFile.of(HEADER, 8));

        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(DATA + 5);
            }

            assertThat(reader.bytes("a")).containsExactly(0, 1, 2, 3);
            assertThatThrownBy(() -> reader.tensor("b"))
                    .isInstanceOf(SafeTensorsException.class)
                    .hasMessage(file + ": byte " + (DATA + 5)
                            + ": the file must not shrink while it is read: 2 more bytes expected, found its end");
        }
    }

    @Test
    void keepsItsArraysButReadsNoMoreWhenClosed() throws IOException {
        Path file = Files.write(folder.resolve("f"), RawFile.of(HEADER, 8));
        SafeTensorsReader reader = SafeTensorsReader.open(file);
        INDArray array = reader.tensor("scalar");

        reader.close();
        reader.close();

        assertThat(array.getInt(0)).isEqualTo(7);
        assertThat(reader.header().names()).hasSize(4);
        assertThatThrownBy(() -> reader.tensor("a")).isInstanceOf(ClosedChannelException.class);
        assertThat(openFiles()).doesNotContain(file.toRealPath());
    }

    @Test
    void namesWhatThereIsWhenATensorIsMissing() throws IOException {
        Path file = Files.write(folder.resolve("f"), RawFile.of(HEADER, 8));

        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            String message = file + ": no tensor 'x', found 'a', 'b', 'scalar', 'none'";
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reader.tensor("x"))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reader.tensor("x", DataType.FLOAT))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reader.bytes("x"))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reader.header().shape("x"))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reader.header().dtype("x"))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reader.header().byteLength("x"))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reader.tensor("none", DataType.FLOAT16))
                    .withMessage("tensor 'none': the type must be FLOAT or DOUBLE, found HALF");
        }
    }

    @Test
    void servesSeveralThreads() throws Exception {
        SafeTensorsBuilder builder = SafeTensors.builder();
        for (int i = 0; i < 50; i++) {
            builder.tensor("t" + i, Nd4j.valueArrayOf(new long[] {1000}, i, DataType.FLOAT));
        }
        Path file = folder.resolve("f");
        builder.build().write(file);

        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            List<Future<INDArray>> read = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                String name = "t" + i % 50;
                read.add(threads.submit(() -> reader.tensor(name)));
            }
            for (int i = 0; i < 200; i++) {
                assertThat(read.get(i).get()).isEqualTo(Nd4j.valueArrayOf(new long[] {1000}, i % 50, DataType.FLOAT));
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
