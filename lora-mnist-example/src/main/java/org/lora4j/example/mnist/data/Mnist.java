package org.lora4j.example.mnist.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A data set in the form of MNIST: training and test images of the same size.
 *
 * @param train the training images, from the files {@code train-…}
 * @param test the test images, from the files {@code t10k-…}
 */
public record Mnist(MnistData train, MnistData test) {

    /** Reads one of the four files. */
    @FunctionalInterface
    private interface Source {
        IdxFile read(String split, IdxFile.Kind kind) throws IOException;
    }

    /**
     * Loads the original MNIST, which is bundled with this program: 60,000 training and 10,000 test images of 28 × 28.
     */
    public static Mnist bundled() throws IOException {
        return read((split, kind) -> {
            String name = kind.fileName(split, "-") + ".gz";
            try (InputStream in = Objects.requireNonNull(Mnist.class.getResourceAsStream(name), name)) {
                return IdxFile.read(kind, name, in);
            }
        });
    }

    /**
     * Loads a data set from a folder with the four IDX files. A file may be gzipped, may have {@code .gz} in its name, and
     * may have a dot before {@code idx} instead of a hyphen.
     *
     * @throws IOException if a file is missing or damaged, or the files do not fit together
     */
    public static Mnist load(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new FileSystemException(
                    folder.toString(), null, Files.exists(folder) ? "is not a folder" : "there is no such folder");
        }
        return read((split, kind) -> IdxFile.read(kind, find(folder, split, kind)));
    }

    /**
     * Holds training images out, so that a setting can be chosen without the test images.
     *
     * @param images how many
     * @return the last training images as the test, and the others for the training
     * @throws IndexOutOfBoundsException if there are not so many
     */
    public Mnist holdOut(int images) {
        int trained = train.size() - images;
        return new Mnist(train.range(0, trained), train.range(trained, train.size()));
    }

    private static Mnist read(Source source) throws IOException {
        IdxFile trainImages = source.read("train", IdxFile.Kind.IMAGES);
        MnistData train = MnistData.of(trainImages, source.read("train", IdxFile.Kind.LABELS));
        IdxFile testImages = source.read("t10k", IdxFile.Kind.IMAGES);
        MnistData test = MnistData.of(testImages, source.read("t10k", IdxFile.Kind.LABELS));
        if (test.rows() != train.rows() || test.columns() != train.columns()) {
            throw new FileSystemException(
                    testImages.name(),
                    null,
                    "its images must be %s x %s as those of %s, found %s x %s"
                            .formatted(train.rows(), train.columns(), trainImages.name(), test.rows(), test.columns()));
        }
        return new Mnist(train, test);
    }

    private static Path find(Path folder, String split, IdxFile.Kind kind) throws IOException {
        List<String> names = Stream.of("-", ".")
                .map(separator -> kind.fileName(split, separator))
                .flatMap(name -> Stream.of(name, name + ".gz"))
                .toList();
        return names.stream()
                .map(folder::resolve)
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> new FileSystemException(
                        folder.toString(), null, "must hold one of " + String.join(", ", names) + ", found none"));
    }
}
