package org.lora4j.example.mnist.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.experiment.RichBoyNet;
import picocli.CommandLine.Option;

/** The data set. */
final class DataOptions {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "A folder with the four IDX files of another data set in the form of MNIST, gzipped or not."
                    + " Default: the MNIST that is part of this program.")
    @Nullable
    Path folder;

    /** Returns the name of the data set. */
    String title() {
        return folder == null ? "MNIST" : folder.toString();
    }

    /** Loads the data set. Its images must have the size that the network takes. */
    Mnist load() throws IOException {
        Mnist mnist = folder == null ? Mnist.bundled() : Mnist.load(folder);
        MnistData train = mnist.train();
        if (train.rows() * train.columns() != RichBoyNet.INPUTS) {
            throw new IOException("%s: its images must have %s pixels, found %s x %s"
                    .formatted(title(), RichBoyNet.INPUTS, train.rows(), train.columns()));
        }
        return mnist;
    }
}
