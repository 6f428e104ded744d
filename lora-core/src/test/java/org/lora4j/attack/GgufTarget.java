package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.lora4j.io.gguf.internal.GgufReader;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The bytes of a GGUF file: keys of all types, a vocabulary, and tensors of several types. */
final class GgufTarget implements Target {
    private static final String FILE = "model.gguf";

    /** Keys and the list of tensors stand before the elements. */
    private static final int HEADER = 3_000;

    private static final long[] NUMBERS = {
        0,
        1,
        2,
        7,
        8,
        9,
        12,
        13,
        30,
        33,
        127,
        255,
        256,
        1L << 16,
        1L << 20,
        1L << 30,
        1L << 31,
        -1,
        (1L << 31) - 1,
        1L << 40,
        1L << 61,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    @Override
    public String kind() {
        return "gguf";
    }

    @Override
    public String corpus() {
        return "/gguf/base/hostile";
    }

    @Override
    public String tensors() {
        return FILE;
    }

    @Override
    public List<Sample> sound() {
        return Stream.of("hostile/m00_valid", "hostile/61_version_2", "types/Q4_K", "types/F16")
                .map(name -> new Sample(name, Map.of(FILE, file(name))))
                .toList();
    }

    private static byte[] file(String name) {
        try {
            return Files.readAllBytes(
                    Path.of(Objects.requireNonNull(GgufTarget.class.getResource("/gguf/base/" + name + ".gguf"))
                            .toURI()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Mostly puts another number in place of one of the first bytes. */
    static byte[] mutate(SplittableRandom random, byte[] file) {
        if (file.length < Long.BYTES || random.nextInt(4) == 0) {
            return SafeTensorsMutator.anyBytes(random, file);
        }
        byte[] changed = file.clone();
        ByteBuffer bytes = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
        int at = random.nextInt(Math.min(HEADER, file.length - Long.BYTES + 1));
        long number = NUMBERS[random.nextInt(NUMBERS.length)];
        switch (random.nextInt(3)) {
            case 0 -> bytes.put(at, (byte) number);
            case 1 -> bytes.putInt(at, (int) number);
            default -> bytes.putLong(at, number);
        }
        return changed;
    }

    @Override
    public void read(Sample sample) throws IOException {
        try (GgufReader reader = GgufReader.of(FILE, sample.file(FILE));
                GgufReader again = GgufReader.of(FILE, sample.file(FILE))) {
            assertThat(again.keys().names()).isEqualTo(reader.keys().names());
            for (String name : reader.names()) {
                try (INDArray tensor = reader.tensor(name)) {
                    assertThat(tensor.shape()).isEqualTo(again.shape(name));
                }
            }
        }
    }
}
