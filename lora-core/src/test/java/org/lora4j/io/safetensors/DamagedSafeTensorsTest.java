package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every rule of the format has a file here that breaks it. */
class DamagedSafeTensorsTest {
    @TempDir
    Path folder;

    /** Header (with ' for "), length of the data, and the end of the message. */
    static Stream<Arguments> brokenHeaders() {
        String deep = "[".repeat(100_000);
        return Stream.of(
                // JSON
                arguments("", 0, "byte 8: the header must start with '{', found an empty header"),
                arguments(" {}", 0, "byte 8: the header must start with '{', found byte 0x20"),
                arguments("[]", 0, "byte 8: the header must start with '{', found byte 0x5B"),
                arguments("{}\n", 0, "byte 10: the header must end with '}' and spaces, found byte 0x0A"),
                arguments("{} x", 0, "byte 11: the header must end with '}' and spaces, found byte 0x78"),
                arguments("{", 0, "byte 8: the header must end with '}' and spaces, found byte 0x7B"),
                arguments("{}{}", 0, "header: must be one JSON object, found an object"),
                arguments("{}}", 0, "must be valid JSON"),
                arguments("{'a' 1}", 0, "must be valid JSON"),
                arguments("{a:1}", 0, "must be valid JSON"),
                arguments("{'a':{},}", 0, "tensor 'a': must have dtype, shape and data_offsets, found no dtype"),
                arguments("{'__metadata__':{},}", 0, "must be valid JSON"),
                arguments("{/**/}", 0, "must be valid JSON"),
                arguments("{'\\ud800':{}}", 0, "must be valid JSON"),
                // metadata
                arguments("{'__metadata__':[]}", 0, "__metadata__: must be an object, found an array"),
                arguments("{'__metadata__':null}", 0, "__metadata__: must be an object, found 'null'"),
                arguments("{'__metadata__':{'a':1}}", 0, "__metadata__ 'a': must be a string, found '1'"),
                arguments("{'__metadata__':{'a':null}}", 0, "__metadata__ 'a': must be a string, found 'null'"),
                arguments("{'__metadata__':{'a':{}}}", 0, "__metadata__ 'a': must be a string, found an object"),
                arguments("{'__metadata__':{'a':'','a':''}}", 0, "__metadata__ 'a': keys must be unique"),
                arguments("{'__metadata__':{},'__metadata__':{}}", 0, "__metadata__: must occur once"),
                arguments("{'__metadata__':{'a':'\\udc00'}}", 0, "__metadata__ 'a': names and texts must be valid"),
                // entries
                arguments("{'t':1}", 0, "tensor 't': must be an object, found '1'"),
                arguments("{'t':" + deep + "}", 0, "tensor 't': must be an object, found an array"),
                arguments(entry("'U8'", deep, "[0,1]"), 1, "tensor 't': shape must hold integers"),
                arguments("{'t':{'dtype':'U8','shape':[1]}}", 1, "tensor 't': must have dtype, shape and data_offsets"),
                arguments("{'t':{'dtype':'U8','data_offsets':[0,1]}}", 1, "found no shape"),
                arguments("{'t':{'shape':[1],'data_offsets':[0,1]}}", 1, "found no dtype"),
                arguments(
                        entry("'U8','strides':[1]", "[1]", "[0,1]"), 1, "tensor 't': fields must be dtype, shape and"),
                arguments(entry("'U8','dtype':'U8'", "[1]", "[0,1]"), 1, "fields must be unique, found a second dtype"),
                arguments(entry("'U8'", "[1],'shape':[1]", "[0,1]"), 1, "fields must be unique, found a second shape"),
                arguments(
                        entry("'U8'", "[1]", "[0,1],'data_offsets':[0,1]"),
                        1,
                        "fields must be unique, found a second data_offsets"),
                arguments(
                        "{'t':{'dtype':'U8','shape':[0],'data_offsets':[0,0]},"
                                + "'t':{'dtype':'U8','shape':[1],'data_offsets':[0,1]}}",
                        1,
                        "tensor 't': names must be unique, found a second one"),
                // dtypes
                arguments(entry("'F4'", "[1]", "[0,1]"), 1, "tensor 't': dtype must be one of [BOOL, U8, I8, F8_E5M2,"),
                arguments(entry("'f32'", "[1]", "[0,4]"), 4, "found 'f32'"),
                arguments(entry("7", "[1]", "[0,4]"), 4, "tensor 't': dtype must be a string, found '7'"),
                // shapes
                arguments(entry("'U8'", "1", "[0,1]"), 1, "tensor 't': shape must be an array, found '1'"),
                arguments(entry("'U8'", "[-1]", "[0,1]"), 1, "shape must hold integers from 0 to 2^63 - 1, found '-1'"),
                arguments(entry("'U8'", "[-0]", "[0,0]"), 0, "shape must hold integers from 0 to 2^63 - 1, found '-0'"),
                arguments(entry("'U8'", "[1.0]", "[0,1]"), 1, "shape must hold integers"),
                arguments(entry("'U8'", "[1e0]", "[0,1]"), 1, "shape must hold integers"),
                arguments(entry("'U8'", "['1']", "[0,1]"), 1, "shape must hold integers"),
                arguments(entry("'U8'", "[true]", "[0,1]"), 1, "shape must hold integers"),
                arguments(entry("'U8'", "[NaN]", "[0,1]"), 1, "must be valid JSON"),
                arguments(entry("'U8'", "[01]", "[0,1]"), 1, "must be valid JSON"),
                arguments(entry("'U8'", "[9223372036854775808]", "[0,1]"), 1, "found '9223372036854775808'"),
                arguments(entry("'U8'", "[" + "9".repeat(5000) + "]", "[0,1]"), 1, "must be valid JSON"),
                arguments(
                        entry("'U8'", "[1" + ",1".repeat(32) + "]", "[0,1]"), 1, "shape must have at most 32 numbers"),
                arguments(
                        entry("'U8'", "[4294967296,4294967296]", "[0,1]"), 1, "must be below 2^63, found [4294967296,"),
                arguments(entry("'F64'", "[2305843009213693952]", "[0,1]"), 1, "must be below 2^63"),
                arguments(
                        entry("'F32'", "[2,2]", "[0,15]"),
                        15,
                        "must span 16 bytes for F32 [2, 2], found 15 in [0, 15]"),
                arguments(
                        entry("'F32'", "[2,2]", "[0,20]"),
                        20,
                        "must span 16 bytes for F32 [2, 2], found 20 in [0, 20]"),
                arguments(entry("'F32'", "[]", "[0,0]"), 0, "must span 4 bytes for F32 [], found 0 in [0, 0]"),
                // offsets
                arguments(entry("'U8'", "[1]", "0"), 1, "tensor 't': data_offsets must be an array, found '0'"),
                arguments(entry("'U8'", "[1]", "[]"), 1, "tensor 't': data_offsets must be [begin, end], found []"),
                arguments(entry("'U8'", "[1]", "[0]"), 1, "tensor 't': data_offsets must be [begin, end], found [0]"),
                arguments(entry("'U8'", "[1]", "[0,1,2]"), 1, "data_offsets must have at most 2 numbers"),
                arguments(entry("'U8'", "[1]", "[-1,0]"), 1, "data_offsets must hold integers"),
                arguments(entry("'U8'", "[1]", "[2,1]"), 2, "must not end before they begin, found [2, 1]"),
                arguments(
                        entry("'U8'", "[1]", "[1,2]"),
                        2,
                        "data must begin at 0, where the data before it ends, found a hole: 1"),
                arguments(two(0, 2, 3, 5), 5, "tensor 'b': data must begin at 2"),
                arguments(
                        two(0, 2, 1, 3),
                        3,
                        "tensor 'b': data must begin at 2, where the data before it ends, found an overlap: 1"),
                arguments(two(0, 2, 0, 2), 2, "found an overlap: 0"),
                // length
                arguments(
                        entry("'U8'", "[4]", "[0,4]"), 3, "data: the file must have 4 bytes after the header, found 3"),
                arguments(
                        entry("'U8'", "[4]", "[0,4]"), 5, "data: the file must have 4 bytes after the header, found 5"),
                arguments("{}", 1, "data: the file must have 0 bytes after the header, found 1"));
    }

    @ParameterizedTest
    @MethodSource("brokenHeaders")
    void refusesBrokenHeaders(String header, int dataLength, String message) throws IOException {
        refused(RawFile.of(header.replace('\'', '"'), dataLength), message);
    }

    @Test
    void acceptsWhatTheFormatAllows() throws IOException {
        byte[] spaces = RawFile.of(entry("'U8'", "[4]", "[0,4]").replace('\'', '"') + "          ", 4);
        byte[] inner = RawFile.of("{ \"t\" :\n{\"dtype\":\"U8\",\t\"shape\":[ ],\"data_offsets\":[0, 1]}}", 1);

        assertThat(read(spaces).bytes("t")).containsExactly(0, 1, 2, 3);
        assertThat(read(inner).shape("t")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void refusesFilesUnderEightBytes(int length) throws IOException {
        refused(new byte[length], "file: must have at least 8 bytes, found " + length);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, 16_777_217, 100_000_001, Long.MAX_VALUE})
    void refusesHeadersBeyondTheLimit(long length) throws IOException {
        refused(
                withHeaderLength(length),
                "byte 0: the header must have at most 16777216 bytes, found " + Long.toUnsignedString(length));
    }

    @ParameterizedTest
    @ValueSource(longs = {3, 16_777_216})
    void refusesHeadersBeyondTheFile(long length) throws IOException {
        refused(
                withHeaderLength(length),
                "byte 0: the header must have at most the 2 bytes that follow, found " + length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"C0AF", "FF", "EDA080", "F4908080", "C3", "E28028"})
    void refusesInvalidUtf8(String hex) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        byte[] start = "{\"__metadata__\":{\"".getBytes(StandardCharsets.UTF_8);
        byte[] end = "\":\"\"}}".getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = ByteBuffer.allocate(start.length + bytes.length + end.length)
                .put(start)
                .put(bytes)
                .put(end);

        refused(RawFile.of(header.array(), 0), "header: must be valid UTF-8, found other bytes");
    }

    @Test
    void refusesOtherEncodings() throws IOException {
        refused(RawFile.of("{}".getBytes(StandardCharsets.UTF_16LE), 0), "must end with '}' and spaces");
        refused(RawFile.of("\uFEFF{}", 0), "byte 8: the header must start with '{', found byte 0xEF");
        refused(RawFile.of("{\0\"a\0\"}", 0), "must be valid JSON");
    }

    @Test
    void namesTheFileAndHidesControlCharactersAndLengthOfNames() throws IOException {
        String name = "\\u001b[31m" + "x".repeat(1000);

        Path file = Files.write(folder.resolve("odd.safetensors"), RawFile.of("{\"" + name + "\":0}", 0));

        assertThatThrownBy(() -> SafeTensors.read(file))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage(file + ": tensor '\uFFFD[31m" + "x".repeat(75) + "…': must be an object, found '0'");
    }

    @Test
    void refusesTensorsBeyondOneBuffer() {
        byte[] header = entry("'F32'", "[1,536870912]", "[0,2147483648]")
                .replace('\'', '"')
                .getBytes(StandardCharsets.UTF_8);

        assertThatThrownBy(() -> HeaderParser.parse("f", header, header.length, SafeTensors.READABLE))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage("f: tensor 't': a tensor must have at most 2147483647 bytes to be read here, "
                        + "found 2147483648");
    }

    @Test
    void acceptsFilesBeyondOneBuffer() throws IOException {
        byte[] header = ("{\"a\":{\"dtype\":\"U8\",\"shape\":[2000000000],\"data_offsets\":[2000000000,4000000000]},"
                        + "\"b\":{\"dtype\":\"U8\",\"shape\":[2000000000],\"data_offsets\":[0,2000000000]}}")
                .getBytes(StandardCharsets.UTF_8);

        SafeTensorsHeader parsed = HeaderParser.parse("f", header, header.length, SafeTensors.READABLE);
        parsed.requireDataLength(4_000_000_000L);

        assertThat(parsed.tensors()).extracting(TensorInfo::name).containsExactly("b", "a");
        assertThat(parsed.tensors()).extracting(TensorInfo::end).containsExactly(2_000_000_000L, 4_000_000_000L);
    }

    @Test
    void reportsAMissingFileAsSuch() {
        assertThatThrownBy(() -> SafeTensors.read(folder.resolve("missing"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void refusesAFileTruncatedAnywhere() throws Exception {
        byte[] whole = Files.readAllBytes(RawFile.golden("train_lora_adam/adapter_initial/adapter_model.safetensors"));

        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> read(part)).as("%d bytes", length).isInstanceOf(SafeTensorsException.class);
        }
    }

    private void refused(byte[] file, String message) {
        Path path = folder.resolve("damaged.safetensors");
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageStartingWith(folder.resolve("damaged.safetensors") + ": ")
                .hasMessageContaining(message)
                .satisfies(refusal -> refusedBySourcesAndHeader(path, String.valueOf(refusal.getMessage())));
    }

    private static void refusedBySourcesAndHeader(Path path, String message) {
        for (SafeTensorsSource source : SafeTensorsSource.values()) {
            assertThatThrownBy(() -> source.read(path))
                    .as("%s", source)
                    .isInstanceOf(SafeTensorsException.class)
                    .hasMessage(source.message(path, message));
        }
        assertThatThrownBy(() -> SafeTensors.readHeader(path))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage(message);
    }

    private SafeTensors read(byte[] file) throws IOException {
        return SafeTensors.read(Files.write(folder.resolve("damaged.safetensors"), file));
    }

    private static byte[] withHeaderLength(long length) {
        return ByteBuffer.allocate(10)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put((byte) '{')
                .put((byte) '}')
                .array();
    }

    private static String entry(String dtype, String shape, String offsets) {
        return "{'t':{'dtype':" + dtype + ",'shape':" + shape + ",'data_offsets':" + offsets + "}}";
    }

    private static String two(int beginA, int endA, int beginB, int endB) {
        return String.format(
                Locale.ROOT,
                "{'a':{'dtype':'U8','shape':[2],'data_offsets':[%d,%d]},'b':{'dtype':'U8','shape':[2],'data_offsets':[%d,%d]}}",
                beginA,
                endA,
                beginB,
                endB);
    }
}
