package org.lora4j.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.ProcessorTime;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsSource;
import org.lora4j.nn.Network;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters that are too large are refused before memory is asked for. */
class ReadOptionsTest {
    private static final String PREFIX = "base_model.model.";
    private static final String CONFIG = "{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"fc\"]}";
    private static final long GIBI = 1L << 30;

    @TempDir
    private Path folder;

    private final Network base = Network.builder(3).linear("fc", 3).build(1);

    @BeforeEach
    void writeConfig() throws IOException {
        Files.writeString(config(), CONFIG);
    }

    private Path config() {
        return folder.resolve("adapter_config.json");
    }

    private Path tensors() {
        return folder.resolve("adapter_model.safetensors");
    }

    /** The default limits, for adapters without fingerprints. */
    private static ReadOptions ignoring() {
        return ReadOptions.of(FingerprintCheck.IGNORE);
    }

    private LoRAAdapter load(ReadOptions options) throws IOException {
        return PeftAdapters.load(folder, base, options);
    }

    private static String tensor(String name, long rows, long columns, long begin) {
        return String.format(
                Locale.ROOT,
                "\"%s%s\": {\"dtype\": \"F32\", \"shape\": [%d, %d], \"data_offsets\": [%d, %d]}",
                PREFIX,
                name,
                rows,
                columns,
                begin,
                begin + 4 * rows * columns);
    }

    private static ByteBuffer header(String json) {
        byte[] text = json.getBytes(UTF_8);
        return ByteBuffer.allocate(8 + text.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .flip();
    }

    /** Writes a header, and data that takes no room on the disk. */
    private void writeSparse(String json, long dataLength) throws IOException {
        ByteBuffer header = header(json);
        long size = header.remaining() + dataLength;
        try (FileChannel channel = FileChannel.open(
                tensors(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(header);
            if (dataLength > 0) {
                channel.write(ByteBuffer.allocate(1), size - 1);
            }
        }
    }

    /** Two factors of a layer with this many inputs. */
    private static String factors(long in) {
        return "{" + tensor("fc.lora_A.weight", 2, in, 0) + ", " + tensor("fc.lora_B.weight", 3, 2, 8 * in) + "}";
    }

    private static void assertRefused(ThrowingCallable reading, String message) {
        assertThatThrownBy(reading)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message)
                .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(4000));
    }

    @Test
    void refusesAFileBeyondTheLimit() throws IOException {
        writeSparse(factors(60 * GIBI / 8), 60 * GIBI + 24);
        assertRefused(() -> load(ignoring()), "must have at most 1073741824 bytes, found 6442");
    }

    @Test
    void comparesTheHeaderWithTheBaseBeforeTensorsAreRead() throws IOException {
        writeSparse(factors(GIBI / 8), GIBI + 24);
        assertRefused(
                () -> load(ignoring().withFileBytes(2 * GIBI)), "lora_A.weight' must be [2, 3], found [2, 134217728]");
    }

    @Test
    void refusesAHeaderBeyondTheLimit() throws IOException {
        writeSparse(factors(3) + " ".repeat(17 << 20), 48);
        assertRefused(() -> load(ignoring()), "the header must have at most 16777216 bytes, found 1782");
        assertThat(load(ignoring().withHeaderBytes(18 << 20)).weights()).containsOnlyKeys("fc");
    }

    @Test
    @Tag("slow")
    void refusesTooManyTensors() throws IOException {
        writeSparse(
                "{"
                        + IntStream.range(0, 50_001)
                                .mapToObj(i -> tensor("l" + i + ".lora_A.weight", 0, 1, 0))
                                .collect(Collectors.joining(","))
                        + "}",
                0);
        assertRefused(() -> load(ignoring()), "must have at most 50000 tensors, found more");
        assertRefused(() -> load(ignoring().withTensors(60_000)), "49981 more");
    }

    @Test
    void refusesAConfigurationBeyondTheLimit() throws IOException {
        writeSparse(factors(3), 48);
        ReadOptions options = ignoring().withConfigBytes(CONFIG.length());
        assertThat(load(options).weights()).containsOnlyKeys("fc");
        Files.writeString(config(), CONFIG + " ");
        assertRefused(
                () -> load(options), "must have at most " + CONFIG.length() + " bytes, found " + (CONFIG.length() + 1));
    }

    @Test
    void holdsForBytesAndStreams() throws IOException {
        byte[] config = CONFIG.getBytes(UTF_8);
        byte[] bytes = ByteBuffer.allocate(header(factors(3)).remaining() + 48)
                .put(header(factors(3)))
                .array();
        ReadOptions exact = ignoring().withFileBytes(bytes.length).withConfigBytes(config.length);
        ReadOptions smallerFile = exact.withFileBytes(bytes.length - 1);
        ReadOptions smallerConfig = exact.withConfigBytes(config.length - 1);

        assertThat(PeftFiles.read(config, bytes, exact).adapter().weights()).containsOnlyKeys("fc");
        assertThat(PeftFiles.read(stream(config), stream(bytes), exact)
                        .adapter()
                        .weights())
                .containsOnlyKeys("fc");
        for (ReadOptions options : new ReadOptions[] {smallerFile, smallerConfig}) {
            assertRefused(() -> PeftFiles.read(config, bytes, options), "must have at most");
            assertRefused(() -> PeftFiles.read(stream(config), stream(bytes), options), "must have at most");
        }
    }

    @Test
    void holdsForTensorsOfEverySource() throws IOException {
        SafeTensors tensors = SafeTensors.builder()
                .tensor("a", Nd4j.createFromArray(1f, 2f))
                .tensor("b", Nd4j.createFromArray(3f))
                .build();
        tensors.write(tensors());
        byte[] bytes = tensors.toBytes();
        int header = bytes.length - 8 - 12;
        ReadOptions exact = ReadOptions.defaults()
                .withFileBytes(bytes.length)
                .withHeaderBytes(header)
                .withTensors(2);
        for (SafeTensorsSource source : SafeTensorsSource.values()) {
            assertThat(source.read(tensors(), exact).tensors())
                    .as(source.name())
                    .isEqualTo(tensors.tensors());
            assertRefused(
                    () -> source.read(tensors(), exact.withFileBytes(bytes.length - 1)),
                    source.label(tensors()) + ": file: must have at most " + (bytes.length - 1) + " bytes, found "
                            + bytes.length);
            assertRefused(
                    () -> source.read(tensors(), exact.withFileBytes(10)),
                    source.label(tensors()) + ": file: must have at most 10 bytes");
            assertRefused(
                    () -> source.read(tensors(), exact.withHeaderBytes(header - 1)),
                    "the header must have at most " + (header - 1) + " bytes, found " + header);
            assertRefused(
                    () -> source.read(tensors(), exact.withTensors(1)), "must have at most 1 tensors, found more");
        }
    }

    /** A stream may go on for ever after a header that claims too much. */
    @Test
    void refusesAStreamThatClaimsTooMuchBeforeItsTensorsAreRead() {
        byte[] header = header(factors(GIBI / 8)).array();
        InputStream tensors = new InputStream() {
            @Override
            public int read() {
                throw new AssertionError("the tensors must not be read");
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                return read();
            }
        };
        assertRefused(
                () -> SafeTensors.read(new SequenceInputStream(stream(header), tensors), ReadOptions.defaults()),
                "input stream: file: must have at most 1073741824 bytes, found " + (GIBI + 24 + header.length));
    }

    /** As many bytes as a number can have, and one more to see that there are not more, must not overflow. */
    @Test
    void aStreamMayHaveAnyLength() throws IOException {
        byte[] bytes = ByteBuffer.allocate(header(factors(3)).remaining() + 48)
                .put(header(factors(3)))
                .array();
        ReadOptions any = ReadOptions.defaults().withFileBytes(Long.MAX_VALUE);
        assertThat(PeftFiles.read(stream(CONFIG.getBytes(UTF_8)), stream(bytes), any)
                        .adapter()
                        .weights())
                .containsOnlyKeys("fc");
    }

    @Test
    void keepsTheCheckWhenALimitChanges() {
        ReadOptions options = ReadOptions.of(FingerprintCheck.REQUIRE)
                .withFileBytes(1)
                .withHeaderBytes(2)
                .withTensors(3)
                .withConfigBytes(4);
        assertThat(options)
                .hasToString("ReadOptions[fingerprintCheck=REQUIRE, fileBytes=1, headerBytes=2, tensors=3,"
                        + " configBytes=4]");
        assertThat(ReadOptions.defaults().fingerprintCheck()).isEqualTo(FingerprintCheck.WARN);
        assertThat(ReadOptions.of(FingerprintCheck.WARN))
                .hasToString(ReadOptions.defaults().toString());
    }

    private static ByteArrayInputStream stream(byte[] bytes) {
        return new ByteArrayInputStream(bytes);
    }

    @Test
    @Tag("slow")
    void refusesLongNamesAndDeepPathsInTime() throws IOException {
        String deep = "a.".repeat(240);
        writeSparse(
                "{"
                        + IntStream.range(0, 20_000)
                                .mapToObj(i -> tensor(deep + i + ".weight", 0, 1, 0))
                                .collect(Collectors.joining(","))
                        + "," + tensor("b".repeat(1 << 20) + ".lora_A.weight", 0, 1, 0) + "}",
                0);
        String saved =
                IntStream.range(0, 100_000).mapToObj(i -> "\"a.a.a." + i + "\"").collect(Collectors.joining(","));
        Files.writeString(config(), CONFIG.replace("}", ", \"modules_to_save\": [" + saved + "]}"));
        ProcessorTime.limit(
                Duration.ofSeconds(60),
                () -> assertRefused(() -> PeftAdapters.load(folder), "names must have at most 512 characters"));
    }

    @Test
    void refusesLimitsThatLetNothingThrough() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ignoring().withFileBytes(0))
                .withMessage("fileBytes must be from 1 to 9223372036854775807, found 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ignoring().withHeaderBytes(100_000_001))
                .withMessage("headerBytes must be from 1 to 100000000, found 100000001");
    }

    @Test
    void shortensTheMessageOfALongConfiguration() throws IOException {
        writeSparse(factors(3), 48);
        String names =
                IntStream.range(0, 100_000).mapToObj(i -> "\"q" + i + "\"").collect(Collectors.joining(","));
        Files.writeString(config(), CONFIG.replace("\"fc\"", names));
        assertRefused(() -> load(ignoring()), "and 99980 more");
        LoRAConfig config =
                LoRAConfig.builder().targetModules("x".repeat(100_000), "fc").build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAAdapter.initialize(base, config))
                .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(4000));
    }
}
