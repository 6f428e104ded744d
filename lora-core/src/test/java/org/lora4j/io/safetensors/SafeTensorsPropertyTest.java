package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import org.lora4j.internal.MessageText;

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

    /** One byte of a file, replaced. */
    record Flip(double position, byte value) {}

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

    @AfterContainer
    static void deleteFolder() throws IOException {
        Files.deleteIfExists(FILE);
        Files.deleteIfExists(SCRATCH);
        Files.delete(FOLDER);
    }

    @Example
    void theSoundFileIsRead() throws IOException {
        Files.write(FILE, SOUND);

        assertThat(SafeTensors.read(FILE).names()).containsExactly("linear.weight", "half", "flag", "none");
    }

    @Property(tries = 1000, shrinking = ShrinkingMode.BOUNDED)
    void damageGivesNothingButTensorsOrSafeTensorsException(@ForAll("flips") List<Flip> flips) throws IOException {
        byte[] damaged = SOUND.clone();
        for (Flip flip : flips) {
            damaged[(int) (flip.position() * damaged.length)] = flip.value();
        }
        Files.write(FILE, damaged);
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

    @Property(tries = 200)
    void whatIsWrittenIsRead(
            @ForAll("tensors") Map<String, Raw> tensors,
            @ForAll @Size(max = 3) Map<@AlphaChars String, @AlphaChars String> metadata)
            throws IOException {
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

    @Provide
    Arbitrary<List<Flip>> flips() {
        // Mostly characters that mean something in a header: others are refused early.
        Arbitrary<Byte> values = Arbitraries.oneOf(
                Arbitraries.bytes(),
                Arbitraries.chars().with("{}[]\":, 0123456789-.eEFIU").map(c -> (byte) (char) c));
        Arbitrary<Double> positions = Arbitraries.doubles().between(0, true, 1, false);
        return Combinators.combine(positions, values)
                .as(Flip::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(3);
    }

    @Provide
    Arbitrary<Map<String, Raw>> tensors() {
        Arbitrary<String> names = Arbitraries.strings()
                .ofMaxLength(12)
                .filter(name -> MessageText.isUnicode(name) && !name.equals(SafeTensorsHeader.METADATA));
        Arbitrary<List<Integer>> shapes =
                Arbitraries.integers().between(0, 4).list().ofMaxSize(4);
        Arbitrary<Raw> raws = Combinators.combine(Arbitraries.of(Dtype.class), shapes, Arbitraries.longs())
                .as(Raw::new);
        return Arbitraries.maps(names, raws).ofMaxSize(6);
    }
}
