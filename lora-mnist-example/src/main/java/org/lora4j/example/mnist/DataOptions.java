package org.lora4j.example.mnist;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which images. */
final class DataOptions {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder with the four IDX files of another data set in MNIST's form, gzipped or not."
                    + " Default: the MNIST that lies in this program.")
    private @Nullable Path folder;

    @Nullable
    Path folder() {
        return folder;
    }

    /** What the data set is called. */
    String title() {
        return folder == null ? "MNIST" : folder.toString();
    }

    /** Loads the data set, whose images must fit the network. */
    Mnist load() throws IdxException {
        Mnist mnist = folder == null ? Mnist.bundled() : Mnist.load(folder);
        MnistData train = mnist.train();
        if (train.imageSize() != RichBoyNet.INPUTS) {
            throw new IdxException(
                    title(),
                    "its images must have %d pixels, found %d x %d"
                            .formatted(RichBoyNet.INPUTS, train.rows(), train.columns()));
        }
        return mnist;
    }
}
