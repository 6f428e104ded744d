package org.lora4j.example.mnist.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
        IdxFile read(String split, IdxFile.Kind kind) throws IdxException;
    }

    /**
     * Loads the original MNIST, which is bundled with this program: 60,000 training and 10,000 test images of 28 × 28.
     */
    public static Mnist bundled() throws IOException {
        return read(Mnist::resource);
    }

    /**
     * Loads a data set from a folder with the four IDX files. A file may be gzipped, may have {@code .gz} in its name, and
     * may have a dot before {@code idx} instead of a hyphen.
     *
     * @throws IOException if a file is missing or damaged, or the files do not fit together
     */
    public static Mnist load(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IdxException(
                    folder.toString(), Files.exists(folder) ? "is not a folder" : "there is no such folder");
        }
        return read((split, kind) -> find(folder, split, kind));
    }

    private static Mnist read(Source source) throws IdxException {
        IdxFile trainImages = source.read("train", IdxFile.Kind.IMAGES);
        MnistData train = MnistData.of(trainImages, source.read("train", IdxFile.Kind.LABELS));
        IdxFile testImages = source.read("t10k", IdxFile.Kind.IMAGES);
        MnistData test = MnistData.of(testImages, source.read("t10k", IdxFile.Kind.LABELS));
        if (test.rows() != train.rows() || test.columns() != train.columns()) {
            throw new IdxException(
                    testImages.name(),
                    "its images must be %d x %d as those of %s, found %d x %d"
                            .formatted(train.rows(), train.columns(), trainImages.name(), test.rows(), test.columns()));
        }
        return new Mnist(train, test);
    }

    private static IdxFile resource(String split, IdxFile.Kind kind) throws IdxException {
        String name = kind.fileName(split, '-') + ".gz";
        try (InputStream in = Mnist.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IdxException(name, "must be a resource beside " + Mnist.class.getName() + ", found none");
            }
            return IdxFile.read(kind, name, in);
        } catch (IdxException e) {
            throw e;
        } catch (IOException e) {
            throw new IdxException(name, "cannot be read: " + e, e);
        }
    }

    private static IdxFile find(Path folder, String split, IdxFile.Kind kind) throws IdxException {
        List<String> names = fileNames(split, kind);
        for (String name : names) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                return IdxFile.read(kind, file);
            }
        }
        throw new IdxException(folder.toString(), "must hold one of " + String.join(", ", names) + ", found none");
    }

    /** Returns the names that a file may have, in the order of preference. */
    private static List<String> fileNames(String split, IdxFile.Kind kind) {
        List<String> names = new ArrayList<>();
        for (char separator : new char[] {'-', '.'}) {
            String name = kind.fileName(split, separator);
            names.add(name);
            names.add(name + ".gz");
        }
        return names;
    }
}
