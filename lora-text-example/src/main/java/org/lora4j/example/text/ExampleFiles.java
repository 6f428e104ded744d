package org.lora4j.example.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The model and the texts that are part of this program, as files in a folder: {@code minilm} is the model,
 * {@code train.tsv.gz} and {@code test.tsv.gz} have passages with their eras, {@code train-pairs.tsv.gz} and
 * {@code test-pairs.tsv.gz} passages that follow each other.
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
            Files.createDirectories(folder);
            MiniLm.copy("data/" + name + ".tsv.gz", files.texts(name));
        }
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
     * @param name {@code train}, {@code test}, {@code train-pairs} or {@code test-pairs}
     * @return the path
     */
    public Path texts(String name) {
        return folder.resolve(name + ".tsv.gz");
    }
}
