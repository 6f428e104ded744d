package org.lora4j.dl4j;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** The images of MNIST, from the files of the example. Each image is a row of 784 numbers from 0 to 1. */
final class Mnist {
    private static final int PIXELS = 784;
    private static final int CLASSES = 10;

    private final byte[] images;
    private final byte[] labels;

    private Mnist(byte[] images, byte[] labels) {
        this.images = images;
        this.labels = labels;
    }

    static Mnist train() throws IOException {
        return new Mnist(read("train-images-idx3-ubyte.gz", 16), read("train-labels-idx1-ubyte.gz", 8));
    }

    static Mnist test() throws IOException {
        return new Mnist(read("t10k-images-idx3-ubyte.gz", 16), read("t10k-labels-idx1-ubyte.gz", 8));
    }

    private static byte[] read(String name, int header) throws IOException {
        try (InputStream file = Mnist.class.getResourceAsStream("/org/lora4j/example/mnist/data/" + name);
                DataInputStream data = new DataInputStream(new GZIPInputStream(Objects.requireNonNull(file, name)))) {
            data.skipNBytes(header);
            return data.readAllBytes();
        }
    }

    /** Batches of consecutive images. */
    List<DataSet> batches(int size, int count) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int from = i * size;
            batches.add(batch(IntStream.range(from, from + size).toArray()));
        }
        return batches;
    }

    /** Batches of one digit. */
    List<DataSet> batchesOf(int digit, int size, int count) {
        int[] found = IntStream.range(0, labels.length)
                .filter(i -> labels[i] == digit)
                .limit((long) size * count)
                .toArray();
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            batches.add(batch(Arrays.copyOfRange(found, i * size, (i + 1) * size)));
        }
        return batches;
    }

    private DataSet batch(int... chosen) {
        float[][] x = new float[chosen.length][PIXELS];
        float[][] y = new float[chosen.length][CLASSES];
        for (int i = 0; i < chosen.length; i++) {
            for (int k = 0; k < PIXELS; k++) {
                x[i][k] = (images[chosen[i] * PIXELS + k] & 0xff) / 255f;
            }
            y[i][labels[chosen[i]]] = 1;
        }
        return new DataSet(Nd4j.createFromArray(x), Nd4j.createFromArray(y));
    }
}
