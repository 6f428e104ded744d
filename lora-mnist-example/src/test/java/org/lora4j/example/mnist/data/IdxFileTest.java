package org.lora4j.example.mnist.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.lora4j.example.mnist.data.TestData.IMAGES_MAGIC;
import static org.lora4j.example.mnist.data.TestData.LABELS_MAGIC;
import static org.lora4j.example.mnist.data.TestData.gzip;
import static org.lora4j.example.mnist.data.TestData.idx;
import static org.lora4j.example.mnist.data.TestData.images;
import static org.lora4j.example.mnist.data.TestData.labels;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.example.mnist.data.IdxFile.Kind;

class IdxFileTest {
    private static final byte[] PIXELS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, (byte) 200, (byte) 255};
    private static final byte[] LABELS = {5, 0, 9};

    @TempDir
    Path folder;

    private static IdxFile read(Kind kind, byte[] file) throws IOException {
        return IdxFile.read(kind, "the-file", new ByteArrayInputStream(file));
    }

    @Test
    void readsImages() throws IOException {
        IdxFile file = read(Kind.IMAGES, images(2, 3, 2, PIXELS));

        assertThat(file.size(0)).isEqualTo(2);
        assertThat(file.size(1)).isEqualTo(3);
        assertThat(file.size(2)).isEqualTo(2);
        assertThat(file.bytes()).isEqualTo(PIXELS);
    }

    @Test
    void readsLabels() throws IOException {
        IdxFile file = read(Kind.LABELS, labels(3, LABELS));

        assertThat(file.size(0)).isEqualTo(3);
        assertThat(file.bytes()).isEqualTo(LABELS);
    }

    @Test
    void tellsGzipByItsBytesAndNotByTheName() throws IOException {
        Path zipped = Files.write(folder.resolve("labels"), gzip(labels(3, LABELS)));
        Path plain = Files.write(folder.resolve("labels.gz"), labels(3, LABELS));

        assertThat(IdxFile.read(Kind.LABELS, zipped).bytes()).isEqualTo(LABELS);
        assertThat(IdxFile.read(Kind.LABELS, plain).bytes()).isEqualTo(LABELS);
    }

    static Stream<Arguments> damagedFiles() throws IOException {
        byte[] zipped = gzip(images(2, 3, 2, PIXELS));
        byte[] wrongChecksum = zipped.clone();
        wrongChecksum[zipped.length - 8] ^= 1;
        byte[] wrongBody = zipped.clone();
        wrongBody[10] = (byte) 0xff;
        byte[] wrongMethod = zipped.clone();
        wrongMethod[2] = 7;
        return Stream.of(
                arguments(
                        "nothing",
                        Kind.IMAGES,
                        new byte[0],
                        "too short: the header of an IDX file of images has 16 bytes, found 0"),
                arguments(
                        "magic cut",
                        Kind.LABELS,
                        new byte[] {0, 0, 8},
                        "too short: the header of an IDX file of labels has 8 bytes, found 3"),
                arguments(
                        "header cut",
                        Kind.IMAGES,
                        Arrays.copyOf(images(2, 3, 2, PIXELS), 15),
                        "has 16 bytes, found 15"),
                arguments(
                        "labels for images",
                        Kind.IMAGES,
                        labels(3, LABELS),
                        "of images must start with the magic number 0x00000803, found 0x00000801"),
                arguments(
                        "images for labels",
                        Kind.LABELS,
                        images(2, 3, 2, PIXELS),
                        "of labels must start with the magic number 0x00000801, found 0x00000803"),
                arguments(
                        "web page",
                        Kind.IMAGES,
                        "<!DOCTYPE html>".getBytes(StandardCharsets.US_ASCII),
                        "magic number 0x00000803, found 0x3c21444f"),
                arguments(
                        "no image",
                        Kind.IMAGES,
                        images(0, 3, 2, new byte[0]),
                        "dimension 0 must be in [1, 536870912], found 0"),
                arguments(
                        "no row",
                        Kind.IMAGES,
                        images(2, 0, 2, new byte[0]),
                        "dimension 1 must be in [1, 536870912], found 0"),
                arguments(
                        "no column",
                        Kind.IMAGES,
                        images(2, 3, 0, new byte[0]),
                        "dimension 2 must be in [1, 536870912], found 0"),
                arguments(
                        "no label",
                        Kind.LABELS,
                        labels(0, new byte[0]),
                        "dimension 0 must be in [1, 536870912], found 0"),
                arguments(
                        "pixel missing",
                        Kind.IMAGES,
                        images(2, 3, 2, Arrays.copyOf(PIXELS, 11)),
                        "too short: 2 x 3 x 2 = 12 bytes must follow the header, found 11"),
                arguments(
                        "body missing",
                        Kind.LABELS,
                        labels(3, new byte[0]),
                        "too short: 3 = 3 bytes must follow the header, found 0"),
                arguments(
                        "pixel too many",
                        Kind.IMAGES,
                        images(2, 3, 2, Arrays.copyOf(PIXELS, 13)),
                        "too long: 2 x 3 x 2 = 12 bytes must follow the header, found more"),
                arguments(
                        "label too many",
                        Kind.LABELS,
                        gzip(labels(2, LABELS)),
                        "too long: 2 = 2 bytes must follow the header, found more"),
                arguments(
                        "label 10",
                        Kind.LABELS,
                        labels(3, new byte[] {1, 10, 2}),
                        "a label must be in [0, 9], found 10 for image 1"),
                arguments(
                        "label 255",
                        Kind.LABELS,
                        labels(1, new byte[] {-1}),
                        "a label must be in [0, 9], found 255 for image 0"),
                arguments("count of -1", Kind.LABELS, idx(LABELS, LABELS_MAGIC, -1), "found 4294967295"),
                arguments(
                        "product wraps to 0",
                        Kind.IMAGES,
                        idx(new byte[0], IMAGES_MAGIC, 1 << 16, 1 << 8, 1 << 8),
                        "must hold at most 536870912 bytes, the header says 65536 x 256 x 256"),
                arguments(
                        "size above the limit",
                        Kind.IMAGES,
                        idx(PIXELS, IMAGES_MAGIC, 3, 1_431_655_769, 4),
                        "dimension 1 must be in [1, 536870912], found 1431655769"),
                arguments(
                        "gzip magic only",
                        Kind.IMAGES,
                        Arrays.copyOf(zipped, 2),
                        "the gzip data is damaged: it ends too early"),
                arguments(
                        "gzip cut",
                        Kind.IMAGES,
                        Arrays.copyOf(zipped, 20),
                        "the gzip data is damaged: it ends too early"),
                arguments(
                        "gzip checksum cut",
                        Kind.IMAGES,
                        Arrays.copyOf(zipped, zipped.length - 3),
                        "the gzip data is damaged: it ends too early"),
                arguments(
                        "gzip checksum wrong",
                        Kind.IMAGES,
                        wrongChecksum,
                        "the gzip data is damaged: Corrupt GZIP trailer"),
                arguments("gzip body wrong", Kind.IMAGES, wrongBody, "the gzip data is damaged: "),
                arguments("gzip method unknown", Kind.IMAGES, wrongMethod, "the gzip data is damaged: "));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damagedFiles")
    void saysWhatIsWrongWithWhichFile(String damage, Kind kind, byte[] file, String message) {
        assertThatExceptionOfType(FileSystemException.class)
                .as(damage)
                .isThrownBy(() -> read(kind, file))
                .withMessageStartingWith("the-file: ")
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test
    void namesThePathOfADamagedFile() throws IOException {
        Path file = Files.write(folder.resolve("some-labels"), labels(4, LABELS));

        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> IdxFile.read(Kind.LABELS, file))
                .withMessage(file + ": too short: 4 = 4 bytes must follow the header, found 3");
    }

    @Test
    void namesThePathOfAFileThatCannotBeRead() {
        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> IdxFile.read(Kind.LABELS, folder))
                .withMessageStartingWith(folder + ": cannot be read: ");
    }

    @Test
    void passesOnTheFailureOfAStream() throws IOException {
        InputStream closed = InputStream.nullInputStream();
        closed.close();

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> IdxFile.read(Kind.LABELS, "the-file", closed))
                .isNotInstanceOf(FileSystemException.class)
                .withMessage("Stream closed");
    }

    @Test
    void allocatesByWhatComesAndNotByWhatTheHeaderPromises() throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] plain = labels(IdxFile.MAX_BYTES, LABELS);
        byte[] zipped = gzip(plain);

        for (byte[] file : new byte[][] {plain, zipped}) {
            long before = threads.getCurrentThreadAllocatedBytes();
            assertThatExceptionOfType(FileSystemException.class)
                    .isThrownBy(() -> read(Kind.LABELS, file))
                    .withMessageContaining("536870912 bytes must follow the header, found 3");
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).isLessThan(IdxFile.MAX_BYTES / 16);
        }
    }
}
