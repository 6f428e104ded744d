package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class SafeTensorsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void keepsTheBytesOfEveryDtype(Dtype dtype) throws IOException {
        byte[] bytes = new byte[6 * dtype.size()];
        new Random(1).nextBytes(bytes);
        SafeTensors written = SafeTensors.builder()
                .bytes("t", dtype, new long[] {2, 3}, bytes)
                .build();

        SafeTensors read = roundTrip(written);

        assertThat(read.dtype("t")).isEqualTo(dtype);
        assertThat(read.shape("t")).containsExactly(2, 3);
        assertThat(read.bytes("t")).isEqualTo(bytes);
        assertThat(bytesOf(read)).isEqualTo(bytesOf(written));
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE", "LONG", "INT", "SHORT", "BYTE", "UBYTE", "BOOL"})
    void keepsTheValuesOfNd4jsTypes(DataType type) throws IOException {
        INDArray array = Nd4j.createFromArray(0.0, 1.0, 0.0, 5.0, 100.0, 77.0)
                .castTo(type)
                .reshape(2, 3);

        INDArray read = roundTrip(SafeTensors.of(Map.of("t", array), Map.of())).tensor("t");

        assertThat(read.dataType()).isEqualTo(type);
        assertThat(read).isEqualTo(array);
    }

    @ParameterizedTest
    @EnumSource(
            value = Dtype.class,
            names = {"U16", "U32", "U64"})
    void readsUnsignedIntegersAsNd4jsUnsignedTypes(Dtype dtype) throws IOException {
        byte[] bytes = new byte[2 * dtype.size()];
        bytes[0] = 7;
        bytes[dtype.size()] = 9;
        SafeTensors tensors =
                SafeTensors.builder().bytes("t", dtype, new long[] {2}, bytes).build();

        INDArray read = roundTrip(tensors).tensor("t");

        assertThat(read.dataType()).isEqualTo(dtype.storage());
        assertThat(read.castTo(DataType.DOUBLE)).isEqualTo(Nd4j.createFromArray(7.0, 9.0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "3", "2,3", "2,3,4", "1,5", "5,1", "2,1,3,2"})
    void keepsEveryRank(String dimensions) throws IOException {
        long[] shape = shape(dimensions);
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            INDArray array = numbered(type, shape);

            INDArray read =
                    roundTrip(SafeTensors.of(Map.of("t", array), Map.of())).tensor("t");

            assertThat(read.shape()).isEqualTo(shape);
            assertThat(read).isEqualTo(array);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0,3", "3,0", "2,0,4", "0,1099511627776"})
    void keepsEmptyTensors(String dimensions) throws IOException {
        long[] shape = shape(dimensions);
        SafeTensors tensors = SafeTensors.builder()
                .bytes("empty", Dtype.F32, shape, new byte[0])
                .tensor("full", Nd4j.createFromArray(1f, 2f))
                .build();

        SafeTensors read = roundTrip(tensors);

        assertThat(read.shape("empty")).isEqualTo(shape);
        assertThat(read.bytes("empty")).isEmpty();
        assertThat(read.tensor("empty").isEmpty()).isTrue();
        assertThat(read.tensor("empty").shape()).isEqualTo(shape);
        assertThat(read.tensor("empty", DataType.DOUBLE).isEmpty()).isTrue();
        assertThat(read.tensor("full")).isEqualTo(Nd4j.createFromArray(1f, 2f));
        assertThat(bytesOf(SafeTensors.of(Map.of("e", read.tensor("empty")), Map.of())))
                .isEqualTo(bytesOf(SafeTensors.builder()
                        .bytes("e", Dtype.F32, shape, new byte[0])
                        .build()));
    }

    @Test
    void keepsAFileWithoutTensors() throws IOException {
        SafeTensors read = roundTrip(SafeTensors.of(Map.of(), Map.of()));

        assertThat(read.names()).isEmpty();
        assertThat(read.metadata()).isEmpty();
    }

    @Test
    void writesRowMajorWhateverTheOrderAndStrides() throws IOException {
        INDArray base = numbered(DataType.FLOAT, 4, 6);
        Map<String, INDArray> layouts = new LinkedHashMap<>();
        layouts.put("f", base.dup('f'));
        layouts.put("transposed", base.transpose());
        layouts.put("row", base.getRow(2));
        layouts.put("column", base.getColumn(3));
        layouts.put("rows", base.get(NDArrayIndex.interval(1, 3), NDArrayIndex.all()));
        layouts.put("columns", base.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 4)));
        layouts.put("stepped", base.get(NDArrayIndex.interval(0, 2, 4), NDArrayIndex.all()));
        layouts.put("reshaped", base.reshape('c', 2, 3, 4));
        layouts.put("permuted", base.reshape('c', 2, 3, 4).permute(2, 0, 1));
        layouts.put("element", base.getScalar(2, 3));
        layouts.put("broadcast", Nd4j.createFromArray(1f, 2f, 3f).reshape(1, 3).broadcast(2, 3));

        SafeTensors read = roundTrip(SafeTensors.of(layouts, Map.of()));

        for (Map.Entry<String, INDArray> entry : layouts.entrySet()) {
            INDArray expected = entry.getValue();
            assertThat(read.shape(entry.getKey())).as(entry.getKey()).isEqualTo(expected.shape());
            ByteBuffer bytes = ByteBuffer.wrap(read.bytes(entry.getKey())).order(ByteOrder.LITTLE_ENDIAN);
            for (long i = 0; i < expected.length(); i++) {
                float value = expected.rank() == 0
                        ? expected.getFloat(0)
                        : expected.getFloat(Shape.ind2subC(expected.shape(), i));
                assertThat(bytes.getFloat()).as(entry.getKey()).isEqualTo(value);
            }
        }
    }

    @Test
    void writesDescendingDtypesThenNamesWithMetadataFirst() throws IOException {
        SafeTensors tensors = SafeTensors.builder()
                .tensor("b", Nd4j.createFromArray(1f))
                .bytes("u8", Dtype.U8, new long[] {3}, new byte[3])
                .bytes("f16", Dtype.F16, new long[] {1}, new byte[2])
                .bytes("bf16", Dtype.BF16, new long[] {}, new byte[2])
                .tensor("f64", Nd4j.createFromArray(1.0))
                .tensor("i64", Nd4j.createFromArray(1L))
                .tensor("a", Nd4j.createFromArray(1f))
                .metadata("z", "1")
                .metadata("format", "pt")
                .build();

        byte[] file = bytesOf(tensors);

        assertThat(RawFile.header(file))
                .isEqualTo(("{'__metadata__':{'format':'pt','z':'1'},"
                                + "'i64':{'dtype':'I64','shape':[1],'data_offsets':[0,8]},"
                                + "'f64':{'dtype':'F64','shape':[1],'data_offsets':[8,16]},"
                                + "'a':{'dtype':'F32','shape':[1],'data_offsets':[16,20]},"
                                + "'b':{'dtype':'F32','shape':[1],'data_offsets':[20,24]},"
                                + "'bf16':{'dtype':'BF16','shape':[],'data_offsets':[24,26]},"
                                + "'f16':{'dtype':'F16','shape':[1],'data_offsets':[26,28]},"
                                + "'u8':{'dtype':'U8','shape':[3],'data_offsets':[28,31]}}")
                        .replace('\'', '"'));
        assertThat((file.length - 31) % 8).isZero();
    }

    @Test
    void writesTheSameBytesForTheSameContent() throws IOException {
        INDArray one = numbered(DataType.FLOAT, 3, 2);
        INDArray two = numbered(DataType.DOUBLE, 4);
        Map<String, INDArray> forth = new LinkedHashMap<>();
        forth.put("one", one);
        forth.put("two", two);
        Map<String, INDArray> back = new LinkedHashMap<>();
        back.put("two", two.dup());
        back.put("one", one.dup('f'));
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("y", "2");
        texts.put("x", "1");

        assertThat(bytesOf(SafeTensors.of(forth, texts)))
                .isEqualTo(bytesOf(SafeTensors.of(back, Map.of("x", "1", "y", "2"))));
    }

    @Test
    void keepsTheMetadataOrderOfAFile() throws IOException {
        byte[] file = RawFile.of("{\"__metadata__\":{\"z\":\"1\",\"a\":\"2\"}}   ", 0);
        Path path = Files.write(folder.resolve("in"), file);

        SafeTensors read = SafeTensors.read(path);

        assertThat(read.metadata()).containsExactly(Map.entry("z", "1"), Map.entry("a", "2"));
        assertThat(RawFile.header(bytesOf(read))).isEqualTo(RawFile.header(file));
    }

    @Test
    void keepsNamesAndTextsOfAnyAlphabet() throws IOException {
        String name = "gewicht.ß.重み.🧮.\"quoted\"\\\n";
        SafeTensors written = SafeTensors.of(Map.of(name, Nd4j.createFromArray(1f)), Map.of(name, name));

        SafeTensors read = roundTrip(written);

        assertThat(read.names()).containsExactly(name);
        assertThat(read.metadata()).containsExactly(Map.entry(name, name));
        assertThat(new String(bytesOf(written), StandardCharsets.UTF_8)).contains("重み.🧮");
    }

    @Test
    void sortsNamesByTheirUtf8Bytes() throws IOException {
        // As UTF-16, the surrogates of the second name would come first.
        SafeTensors tensors = SafeTensors.builder()
                .tensor("🧮", Nd4j.createFromArray(1f))
                .tensor("\uFF5E", Nd4j.createFromArray(1f))
                .build();

        assertThat(roundTrip(tensors).names()).containsExactly("\uFF5E", "🧮");
    }

    @Test
    void readsTensorsInTheOrderOfTheirData() throws IOException {
        String header = "{'b':{'data_offsets':[4,8],'dtype':'U8','shape':[4]},"
                + " 'a':{'shape':[4],'dtype':'I8','data_offsets':[0,4]}}";
        Path path = Files.write(folder.resolve("in"), RawFile.of(header.replace('\'', '"'), 8));

        SafeTensors read = SafeTensors.read(path);

        assertThat(read.names()).containsExactly("a", "b");
        assertThat(read.bytes("a")).containsExactly(0, 1, 2, 3);
        assertThat(read.bytes("b")).containsExactly(4, 5, 6, 7);
    }

    @Test
    void holdsTheGivenArraysWithoutCopies() throws IOException {
        INDArray array = Nd4j.createFromArray(1f, 2f);
        SafeTensors tensors = SafeTensors.of(Map.of("t", array), Map.of());

        array.putScalar(0, 5f);

        assertThat(tensors.tensor("t")).isSameAs(array);
        assertThat(roundTrip(tensors).tensor("t").getFloat(0)).isEqualTo(5f);
    }

    @Test
    void readsArraysThatOutliveAnOpenWorkspace() throws IOException {
        Path file = folder.resolve("t");
        SafeTensors.of(Map.of("t", numbered(DataType.FLOAT, 2, 2)), Map.of()).write(file);
        WorkspaceConfiguration configuration =
                WorkspaceConfiguration.builder().initialSize(1 << 16).build();

        INDArray read;
        try (MemoryWorkspace workspace =
                Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, "safetensors-test")) {
            assertThat(workspace.isScopeActive()).isTrue();
            read = SafeTensors.read(file).tensor("t");
        }

        assertThat(read.isAttached()).isFalse();
        assertThat(read).isEqualTo(numbered(DataType.FLOAT, 2, 2));
    }

    @ParameterizedTest
    @EnumSource(
            value = Dtype.class,
            names = {"F16", "BF16", "F32", "F64"})
    void convertsToArraysThatOutliveAnOpenWorkspace(Dtype dtype) throws IOException {
        SafeTensors tensors = SafeTensors.builder()
                .bytes("t", dtype, new long[] {3}, new byte[3 * dtype.size()])
                .build();
        WorkspaceConfiguration configuration =
                WorkspaceConfiguration.builder().initialSize(1 << 16).build();

        try (MemoryWorkspace workspace =
                Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, "safetensors-test")) {
            assertThat(workspace.isScopeActive()).isTrue();
            assertThat(tensors.tensor("t").isAttached()).isFalse();
            assertThat(tensors.tensor("t", DataType.FLOAT).isAttached()).isFalse();
            assertThat(tensors.tensor("t", DataType.DOUBLE).isAttached()).isFalse();
        }
    }

    @Test
    void leavesTheOldFileWhenATensorCannotBeWritten() throws IOException {
        Path file = folder.resolve("t.safetensors");
        SafeTensors.of(Map.of("t", Nd4j.createFromArray(1f)), Map.of()).write(file);
        byte[] before = Files.readAllBytes(file);
        INDArray closed = Nd4j.createFromArray(3f, 4f);
        SafeTensors broken = SafeTensors.of(Map.of("a", Nd4j.createFromArray(1f), "closed", closed), Map.of());
        closed.close();

        assertThatThrownBy(() -> broken.write(file)).isInstanceOf(IllegalStateException.class);

        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    private SafeTensors roundTrip(SafeTensors tensors) throws IOException {
        Path file = folder.resolve("round-trip.safetensors");
        tensors.write(file);
        return SafeTensors.read(file);
    }

    private byte[] bytesOf(SafeTensors tensors) throws IOException {
        Path file = folder.resolve("bytes.safetensors");
        tensors.write(file);
        return Files.readAllBytes(file);
    }

    private static INDArray numbered(DataType type, long... shape) {
        INDArray array = Nd4j.create(type, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, i + 0.25);
        }
        return array;
    }

    private static long[] shape(String dimensions) {
        return dimensions.isEmpty()
                ? new long[0]
                : Arrays.stream(dimensions.split(",", -1))
                        .mapToLong(Long::parseLong)
                        .toArray();
    }
}
