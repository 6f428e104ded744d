package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;

class SafeTensorsPropertyTest {
    private static final Path FOLDER = temporaryFolder();
    private static final Path FILE = FOLDER.resolve("file");
    private static final Path SCRATCH = FOLDER.resolve("scratch");
    private static final byte[] SOUND = RawFile.of(
            ("{'__metadata__':{'format':'pt'},"
                            + "'linear.weight':{'dtype':'F32','shape':[2,2],'data_offsets':[0,16]},"
                            + "'half':{'dtype':'F16','shape':[3],'data_offsets':[16,22]},"
                            + "'flag':{'dtype':'BOOL','shape':[],'data_offsets':[22,23]},"
                            + "'none':{'dtype':'I64','shape':[0,4],'data_offsets':[23,23]}}  ")
                    .replace('\'', '"'),
            23);
    private static final String JSON = "{}[]\":, 0123456789-.eEFIU";
    private static final byte[] EXTREMES = {0, 1, -1, Byte.MIN_VALUE, Byte.MAX_VALUE};

    /** A tensor of any dtype by its shape and the seed of its bytes. */
    record Raw(Dtype dtype, List<Integer> shape, long seed) {
        long[] dimensions() {
            return shape.stream().mapToLong(Integer::longValue).toArray();
        }

        byte[] bytes() {
            byte[] bytes = new byte[Math.toIntExact(dtype.byteLength(dimensions()))];
            new Random(seed).nextBytes(bytes);
            return bytes;
        }
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("safetensors");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterAll
    static void deleteFolder() throws IOException {
        Files.deleteIfExists(FILE);
        Files.deleteIfExists(SCRATCH);
        Files.delete(FOLDER);
    }

    @Test
    void theSoundFileIsRead() throws IOException {
        Files.write(FILE, SOUND);

        assertThat(SafeTensors.read(FILE).names()).containsExactly("linear.weight", "half", "flag", "none");
    }

    @RandomTest(tries = 1000)
    @Tag("slow")
    void damageGivesNothingButTensorsOrSafeTensorsException(@IntRange(min = 1, max = 3) int bytes, long seed)
            throws IOException {
        Files.write(FILE, damaged(bytes, new Random(seed)));
        assertSameOutcomeFromEverySource();
        try {
            SafeTensors read = SafeTensors.read(FILE);
            for (String name : read.names()) {
                assertThat(read.bytes(name)).hasSize((int) read.dtype(name).byteLength(read.shape(name)));
            }
            for (String name : read.names()) {
                assertThat(read.tensor(name).shape()).isEqualTo(read.shape(name));
            }
        } catch (SafeTensorsException e) {
            assertThat(e).hasMessageStartingWith(FILE + ": ");
        }
    }

    /** Every source reads the same from the file, or refuses it with the same message. */
    private static void assertSameOutcomeFromEverySource() throws IOException {
        byte[] read = {};
        String message = null;
        try {
            read = SafeTensors.read(FILE).toBytes();
        } catch (SafeTensorsException e) {
            message = e.getMessage();
        }
        for (SafeTensorsSource source : SafeTensorsSource.values()) {
            if (message == null) {
                assertThat(source.read(FILE).toBytes()).as("%s", source).isEqualTo(read);
            } else {
                String expected = source.message(FILE, message);
                assertThatThrownBy(() -> source.read(FILE))
                        .as("%s", source)
                        .isInstanceOf(SafeTensorsException.class)
                        .hasMessage(expected);
            }
        }
    }

    @RandomTest(tries = 200)
    @Tag("slow")
    void whatIsWrittenIsRead(
            @IntRange(min = 0, max = 6) int size, @IntRange(min = 0, max = 3) int metadataSize, long seed)
            throws IOException {
        Random random = new Random(seed);
        Map<String, Raw> tensors = map(size, random, () -> raw(random));
        Map<String, String> metadata = map(metadataSize, random, () -> text(255, random));
        SafeTensorsBuilder builder = SafeTensors.builder();
        tensors.forEach((name, raw) -> builder.bytes(name, raw.dtype(), raw.dimensions(), raw.bytes()));
        metadata.forEach(builder::metadata);

        builder.build().write(FILE);
        SafeTensors read = SafeTensors.read(FILE);

        assertThat(read.metadata()).isEqualTo(new TreeMap<>(metadata));
        assertThat(read.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
        tensors.forEach((name, raw) -> {
            assertThat(read.dtype(name)).isEqualTo(raw.dtype());
            assertThat(read.shape(name)).isEqualTo(raw.dimensions());
            assertThat(read.bytes(name)).isEqualTo(raw.bytes());
        });
        assertSameFromEverySource(read);
        assertThat(Files.size(FILE) % 8)
                .isEqualTo(tensors.values().stream()
                                .mapToInt(raw -> raw.bytes().length)
                                .sum()
                        % 8);
    }

    /** Compares what each sink writes with the file, and what each source reads with what was read from the path. */
    private static void assertSameFromEverySource(SafeTensors expected) throws IOException {
        byte[] file = Files.readAllBytes(FILE);
        for (SafeTensorsSink sink : SafeTensorsSink.values()) {
            assertThat(sink.write(expected, SCRATCH)).as("%s", sink).isEqualTo(file);
        }
        for (SafeTensorsSource source : SafeTensorsSource.values()) {
            SafeTensors read = source.read(FILE);
            assertThat(List.copyOf(read.names())).isEqualTo(List.copyOf(expected.names()));
            assertThat(List.copyOf(read.metadata().entrySet()))
                    .isEqualTo(List.copyOf(expected.metadata().entrySet()));
            for (String name : expected.names()) {
                assertThat(read.dtype(name)).as("%s", source).isEqualTo(expected.dtype(name));
                assertThat(read.shape(name)).as("%s", source).isEqualTo(expected.shape(name));
                assertThat(read.bytes(name)).as("%s", source).isEqualTo(expected.bytes(name));
            }
        }
        try (SafeTensorsReader reader = SafeTensorsReader.open(FILE)) {
            assertThat(List.copyOf(reader.header().names())).isEqualTo(List.copyOf(expected.names()));
            assertThat(reader.header().metadata()).isEqualTo(expected.metadata());
            for (String name : expected.names()) {
                assertThat(reader.header().dtype(name)).isEqualTo(expected.dtype(name));
                assertThat(reader.header().shape(name)).isEqualTo(expected.shape(name));
                assertThat(reader.header().byteLength(name)).isEqualTo(expected.bytes(name).length);
                assertThat(reader.bytes(name)).isEqualTo(expected.bytes(name));
            }
        }
    }

    /** Returns the sound file with other values in some of its bytes. */
    private static byte[] damaged(int bytes, Random random) {
        byte[] damaged = SOUND.clone();
        for (int i = 0; i < bytes; i++) {
            // The length of the header decides how everything else is read, so its eight bytes are damaged more often.
            int position = random.nextInt(random.nextInt(5) == 0 ? Long.BYTES : damaged.length);
            damaged[position] = switch (random.nextInt(5)) {
                case 0 -> EXTREMES[random.nextInt(EXTREMES.length)];
                case 1, 2 -> (byte) random.nextInt();
                // Characters that mean something in a header: others are refused early.
                default -> (byte) JSON.charAt(random.nextInt(JSON.length()));
            };
        }
        return damaged;
    }

    private static Raw raw(Random random) {
        Dtype[] dtypes = Dtype.values();
        return new Raw(
                dtypes[random.nextInt(dtypes.length)],
                Stream.generate(() -> random.nextInt(5))
                        .limit(random.nextInt(5))
                        .toList(),
                random.nextLong());
    }

    private static <V> Map<String, V> map(int size, Random random, Supplier<V> values) {
        Map<String, V> map = new LinkedHashMap<>();
        while (map.size() < size) {
            map.put(text(12, random), values.get());
        }
        return map;
    }

    /** Returns valid Unicode: characters of ASCII with those that JSON escapes, of the first plane, and of all planes. */
    private static String text(int maxLength, Random random) {
        int[] ends = {0x80, Character.MIN_SUPPLEMENTARY_CODE_POINT, Character.MAX_CODE_POINT + 1};
        return IntStream.generate(() -> random.nextInt(ends[random.nextInt(ends.length)]))
                .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
                .limit(random.nextInt(maxLength + 1))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
