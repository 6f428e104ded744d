package org.lora4j.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.io.IOException;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;

/** Adapters that are too large are refused before memory is asked for. */
class ReadLimitsTest {
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

    private LoRAAdapter load(ReadLimits limits) throws IOException {
        return PeftAdapters.load(folder, base, FingerprintCheck.IGNORE, limits);
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
        assertRefused(() -> load(ReadLimits.defaults()), "must have at most 1073741824 bytes, found 6442");
    }

    @Test
    void comparesTheHeaderWithTheBaseBeforeTensorsAreRead() throws IOException {
        writeSparse(factors(GIBI / 8), GIBI + 24);
        assertRefused(
                () -> load(ReadLimits.defaults().withFileBytes(2 * GIBI)),
                "lora_A.weight' must be [2, 3], found [2, 134217728]");
    }

    @Test
    void refusesAHeaderBeyondTheLimit() throws IOException {
        writeSparse(factors(3) + " ".repeat(17 << 20), 48);
        assertRefused(() -> load(ReadLimits.defaults()), "the header must have at most 16777216 bytes, found 1782");
        assertThat(load(ReadLimits.defaults().withHeaderBytes(18 << 20)).weights())
                .containsOnlyKeys("fc");
    }

    @Test
    void refusesTooManyTensors() throws IOException {
        writeSparse(
                "{"
                        + IntStream.range(0, 50_001)
                                .mapToObj(i -> tensor("l" + i + ".lora_A.weight", 0, 1, 0))
                                .collect(Collectors.joining(","))
                        + "}",
                0);
        assertRefused(() -> load(ReadLimits.defaults()), "must have at most 50000 tensors, found more");
        assertRefused(() -> load(ReadLimits.defaults().withTensors(60_000)), "49981 more");
    }

    @Test
    void refusesAConfigurationBeyondTheLimit() throws IOException {
        writeSparse(factors(3), 48);
        ReadLimits limits = ReadLimits.defaults().withConfigBytes(CONFIG.length());
        assertThat(load(limits).weights()).containsOnlyKeys("fc");
        Files.writeString(config(), CONFIG + " ");
        assertRefused(
                () -> load(limits), "must have at most " + CONFIG.length() + " bytes, found " + (CONFIG.length() + 1));
    }

    @Test
    void holdsForBytesAndStreams() throws IOException {
        byte[] config = CONFIG.getBytes(UTF_8);
        byte[] bytes = ByteBuffer.allocate(header(factors(3)).remaining() + 48)
                .put(header(factors(3)))
                .array();
        ReadLimits exact = ReadLimits.defaults().withFileBytes(bytes.length).withConfigBytes(config.length);
        ReadLimits smallerFile = exact.withFileBytes(bytes.length - 1);
        ReadLimits smallerConfig = exact.withConfigBytes(config.length - 1);

        assertThat(PeftFiles.read(config, bytes, exact).adapter().weights()).containsOnlyKeys("fc");
        assertThat(PeftFiles.read(stream(config), stream(bytes), exact)
                        .adapter()
                        .weights())
                .containsOnlyKeys("fc");
        for (ReadLimits limits : new ReadLimits[] {smallerFile, smallerConfig}) {
            assertRefused(() -> PeftFiles.read(config, bytes, limits), "must have at most");
            assertRefused(() -> PeftFiles.read(stream(config), stream(bytes), limits), "must have at most");
        }
    }

    private static ByteArrayInputStream stream(byte[] bytes) {
        return new ByteArrayInputStream(bytes);
    }

    @Test
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
        assertTimeoutPreemptively(
                Duration.ofSeconds(60),
                () -> assertRefused(() -> PeftAdapters.load(folder), "names must have at most 512 characters"));
    }

    @Test
    void refusesLimitsThatLetNothingThrough() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReadLimits.defaults().withFileBytes(0))
                .withMessage("fileBytes must be from 1 to 9223372036854775807, found 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReadLimits.defaults().withHeaderBytes(100_000_001))
                .withMessage("headerBytes must be from 1 to 100000000, found 100000001");
    }

    @Test
    void shortensTheMessageOfALongConfiguration() throws IOException {
        writeSparse(factors(3), 48);
        String names =
                IntStream.range(0, 100_000).mapToObj(i -> "\"q" + i + "\"").collect(Collectors.joining(","));
        Files.writeString(config(), CONFIG.replace("\"fc\"", names));
        assertRefused(() -> load(ReadLimits.defaults()), "and 99980 more");
        LoRAConfig config =
                LoRAConfig.builder().targetModules("x".repeat(100_000), "fc").build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAAdapter.initialize(base, config))
                .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(4000));
    }
}
