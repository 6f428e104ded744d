package org.lora4j.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.io.internal.FileAccess;

/**
 * Gives the files of a model by name. What reads a model reads it from a source, so that a folder means the same on this machine, on
 * another file system and in memory.
 *
 * <p>Names are those of Hugging Face's hub, relative to the folder, with {@code /} before a file in a sub-folder:
 * {@code config.json}, {@code 1_Pooling/config.json}. Messages name a source by its {@code toString}.
 */
public interface ModelSource {
    /**
     * Returns the name of the model.
     *
     * @return the name of the folder
     */
    String name();

    /**
     * Returns where a file is, or would be, for messages.
     *
     * @param file the name of the file
     * @return a path or an address
     */
    String describe(String file);

    /**
     * Returns whether there is a file.
     *
     * @param file the name of the file
     * @return true if {@link #open} can open it
     * @throws IOException if this cannot be found out
     */
    boolean has(String file) throws IOException;

    /**
     * Opens a file.
     *
     * @param file the name of the file
     * @return its content from the beginning, which the caller closes
     * @throws NoSuchFileException if there is no such file
     * @throws IOException if it cannot be opened
     */
    InputStream open(String file) throws IOException;

    /**
     * Returns a file of this machine, whose tensors can be read one after the other.
     *
     * @param file the name of the file
     * @return its path; nothing for a source of another kind, whose tensors are read at once
     */
    default Optional<Path> path(String file) {
        return Optional.empty();
    }

    /**
     * Returns the files of a folder of this machine, or what a GGUF file has in their place.
     *
     * @param folder the folder, or a file whose name ends with {@code .gguf}
     * @return the source
     */
    static ModelSource of(Path folder) {
        Objects.requireNonNull(folder, "folder must not be null");
        if (GgufSource.is(folder)) {
            return GgufSource.of(folder);
        }
        return new ModelSource() {
            @Override
            public String name() {
                return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
            }

            @Override
            public String describe(String file) {
                return folder.resolve(file).toString();
            }

            @Override
            public boolean has(String file) {
                return Files.exists(folder.resolve(file));
            }

            @Override
            public InputStream open(String file) throws IOException {
                return Channels.newInputStream(FileAccess.open(folder.resolve(file)));
            }

            @Override
            public Optional<Path> path(String file) {
                return Optional.of(folder.resolve(file));
            }

            @Override
            public String toString() {
                return folder.toString();
            }
        };
    }
}
