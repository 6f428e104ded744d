package org.lora4j.example.mnist.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIndexOutOfBoundsException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MnistTest {
    private static Mnist bundled;

    @TempDir
    Path folder;

    @BeforeAll
    static void load() throws IOException {
        bundled = Mnist.bundled();
    }

    private static int[] firstLabels(MnistData data) {
        return IntStream.range(0, 5).map(data::label).toArray();
    }

    @Test
    void bundledDataIsMnist() {
        assertThat(bundled.train().size()).isEqualTo(60_000);
        assertThat(bundled.test().size()).isEqualTo(10_000);
        assertThat(bundled.train().imageSize()).isEqualTo(784);
        assertThat(bundled.test().imageSize()).isEqualTo(784);
        assertThat(firstLabels(bundled.train())).containsExactly(5, 0, 4, 1, 9);
        assertThat(firstLabels(bundled.test())).containsExactly(7, 2, 1, 0, 4);
        assertThat(bundled.train().countPerLabel())
                .containsExactly(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949);
        assertThat(bundled.test().countPerLabel())
                .containsExactly(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009);
    }

    static Stream<String> checksumsOfTheNotice() throws IOException {
        try (InputStream in = Objects.requireNonNull(MnistTest.class.getResourceAsStream("NOTICE"))) {
            String notice = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Pattern.compile("^[0-9a-f]{32} {2}\\S+$", Pattern.MULTILINE)
                    .matcher(notice)
                    .results()
                    .map(MatchResult::group)
                    .toList()
                    .stream();
        }
    }

    @Test
    void noticeListsFourChecksums() throws IOException {
        assertThat(checksumsOfTheNotice()).hasSize(4);
    }

    @ParameterizedTest
    @MethodSource("checksumsOfTheNotice")
    void bundledFileHasTheChecksumOfTheNotice(String line) throws IOException, NoSuchAlgorithmException {
        String[] sumAndName = line.split(" {2}", 2);
        MessageDigest md5 = MessageDigest.getInstance("MD5");
        try (InputStream in = new DigestInputStream(TestData.unzippedResource(sumAndName[1]), md5)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        assertThat(HexFormat.of().formatHex(md5.digest())).isEqualTo(sumAndName[0]);
    }

    @Test
    void normalizedTrainingImagesHaveMeanZeroAndDeviationOne() {
        MnistData train = bundled.train();
        float[] image = new float[train.imageSize()];
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < train.size(); i++) {
            train.normalize(i, image, 0);
            for (float pixel : image) {
                sum += pixel;
                squares += pixel * pixel;
            }
        }
        double count = (double) train.size() * train.imageSize();
        double mean = sum / count;
        assertThat(mean).isCloseTo(0, within(1e-3));
        assertThat(Math.sqrt(squares / count - mean * mean)).isCloseTo(1, within(1e-3));
    }

    @Test
    void indicesOfADigitAndOfTheOthersPartitionTheData() {
        MnistData test = bundled.test();
        int[] nines = test.indices(digit -> digit == 9);
        int[] others = test.indices(digit -> digit != 9);

        assertThat(nines).hasSize(1009).isSorted();
        assertThat(IntStream.of(nines)).allMatch(i -> test.label(i) == 9);
        assertThat(others).hasSize(8991).isSorted();
        assertThat(IntStream.of(others)).allMatch(i -> test.label(i) != 9);
    }

    @Test
    void holdsOutTheLastTrainingImages() {
        Mnist heldOut = bundled.holdOut(10_000);
        assertThat(heldOut.train().size()).isEqualTo(50_000);
        assertThat(firstLabels(heldOut.train())).isEqualTo(firstLabels(bundled.train()));
        assertThat(heldOut.test().size()).isEqualTo(10_000);
        assertThat(heldOut.test().image(3)).isEqualTo(bundled.train().image(50_003));
        assertThat(heldOut.test().label(3)).isEqualTo(bundled.train().label(50_003));
    }

    @Test
    void imageIsACopy() throws IOException {
        MnistData data = TestData.numbered(3, 1);

        data.image(1)[0] = 99;

        assertThat(data.image(1)).containsExactly(1, 1);
    }

    @Test
    void refusesImagesOutsideTheData() throws IOException {
        MnistData data = TestData.numbered(3, 1);

        assertThatIndexOutOfBoundsException().isThrownBy(() -> data.image(2));
        assertThatIndexOutOfBoundsException().isThrownBy(() -> data.label(-1));
        assertThatIndexOutOfBoundsException().isThrownBy(() -> data.normalize(0, new float[2], 1));
    }

    @Test
    void loadsAFolder() throws IOException {
        Mnist mnist = Mnist.load(TestData.write(folder.resolve("small"), 200, 100));

        assertThat(mnist.train().size()).isEqualTo(200);
        assertThat(mnist.test().size()).isEqualTo(100);
        assertThat(mnist.train().countPerLabel()).doesNotContain(0);
        assertThat(mnist.test().countPerLabel()).doesNotContain(0);
        assertThat(mnist.train().image(199)).isEqualTo(bundled.train().image(199));
        assertThat(mnist.test().label(99)).isEqualTo(bundled.test().label(99));
    }

    @ParameterizedTest
    @ValueSource(strings = {"train-images-idx3-ubyte.gz", "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"})
    void acceptsTheNamesOfOtherDistributions(String name) throws IOException {
        TestData.write(folder, 20, 10);
        Path usual = folder.resolve("train-images-idx3-ubyte");
        byte[] bytes = Files.readAllBytes(usual);
        Files.delete(usual);
        Files.write(folder.resolve(name), name.endsWith(".gz") ? TestData.gzip(bytes) : bytes);

        assertThat(Mnist.load(folder).train().size()).isEqualTo(20);
    }

    @Test
    void listsTheNamesOfAMissingFile() throws IOException {
        TestData.write(folder, 20, 10);
        Files.delete(folder.resolve("t10k-labels-idx1-ubyte"));

        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> Mnist.load(folder))
                .withMessage(folder
                        + ": must hold one of t10k-labels-idx1-ubyte, t10k-labels-idx1-ubyte.gz,"
                        + " t10k-labels.idx1-ubyte, t10k-labels.idx1-ubyte.gz, found none");
    }

    @Test
    void refusesAMissingFolder() {
        Path missing = folder.resolve("missing");

        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> Mnist.load(missing))
                .withMessage(missing + ": there is no such folder");
    }

    @Test
    void refusesAFileForAFolder() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));

        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> Mnist.load(file))
                .withMessage(file + ": is not a folder");
    }

    @Test
    void refusesImagesWithoutTheirLabels() throws IOException {
        TestData.write(folder, 20, 10);
        Path labels = folder.resolve("train-labels-idx1-ubyte");
        Files.write(labels, TestData.labels(19, new byte[19]));

        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> Mnist.load(folder))
                .withMessage(labels + ": must hold a label for each of the 20 images of "
                        + folder.resolve("train-images-idx3-ubyte") + ", found 19");
    }

    @Test
    void takesImagesOfAnySizeThatTrainingAndTestShare() throws IOException {
        TestData.write(folder, 20, 10);
        Files.write(folder.resolve("train-images-idx3-ubyte"), TestData.images(20, 3, 2, new byte[120]));
        Path test = folder.resolve("t10k-images-idx3-ubyte");
        Files.write(test, TestData.images(10, 3, 2, new byte[60]));

        assertThat(Mnist.load(folder).test().imageSize()).isEqualTo(6);

        Files.write(test, TestData.images(10, 2, 3, new byte[60]));

        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> Mnist.load(folder))
                .withMessage(test + ": its images must be 3 x 2 as those of "
                        + folder.resolve("train-images-idx3-ubyte") + ", found 2 x 3");
    }
}
