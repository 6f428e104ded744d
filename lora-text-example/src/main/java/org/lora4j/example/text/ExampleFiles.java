package org.lora4j.example.text;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The model and the texts that are part of this program, as files in a folder: {@code minilm} is the model,
 * {@code train.tsv.gz} and {@code test.tsv.gz} have passages with their eras, {@code train-pairs.tsv.gz} and
 * {@code test-pairs.tsv.gz} passages that follow each other, {@code train-order.tsv.gz} and {@code test-order.tsv.gz}
 * sentences of the passages as {@link WordOrder} makes them.
 *
 * @param folder the folder
 */
public record ExampleFiles(Path folder) {
    /**
     * Writes all files, but the model only if it is not there yet.
     *
     * @param folder the folder, created if it does not exist
     * @return the files
     * @throws IOException if a file cannot be written, or the folder has another model
     */
    public static ExampleFiles write(Path folder) throws IOException {
        ExampleFiles files = new ExampleFiles(folder);
        MiniLm.write(files.model());
        for (String name : new String[] {"train", "test", "train-pairs", "test-pairs"}) {
            MiniLm.copy("data/" + name + ".tsv.gz", files.texts(name));
        }
        WordOrder.write(files.texts("train"), files.texts("train-order"), 1);
        WordOrder.write(files.texts("test"), files.texts("test-order"), 2);
        return files;
    }

    /**
     * Returns the folder of the model.
     *
     * @return the path
     */
    public Path model() {
        return folder.resolve("minilm");
    }

    /**
     * Returns a file of texts.
     *
     * @param name {@code train}, {@code test}, {@code train-pairs}, {@code test-pairs}, {@code train-order} or {@code test-order}
     * @return the path
     */
    public Path texts(String name) {
        return folder.resolve(name + ".tsv.gz");
    }
}
