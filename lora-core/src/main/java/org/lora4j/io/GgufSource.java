package org.lora4j.io;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.internal.GgufContents;
import org.lora4j.io.gguf.internal.GgufFiles;
import org.lora4j.io.gguf.internal.GgufKeys;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.io.gguf.internal.GgufTensors;
import org.lora4j.io.gguf.model.GgufException;

/**
 * A GGUF file as the files of a model on Hugging Face's hub: {@code config.json} and {@code modules.json} as its keys say, and its
 * tensors by the names and in the form of transformers. It has no {@code model.safetensors} and no {@code tokenizer.json}: this
 * library reads weights and texts from the tensors and the keys.
 *
 * <p>The file is opened anew for each call that reads tensors, and must not change meanwhile.
 */
public final class GgufSource implements ModelSource, GgufContents {
    private static final String EXTENSION = ".gguf";

    private final String file;
    private final Opener opener;
    private @Nullable GgufKeys keys;
    private @Nullable Map<String, String> texts;

    /** Opens the file. */
    @FunctionalInterface
    private interface Opener {
        GgufReader open() throws IOException;
    }

    private GgufSource(String file, Opener opener) {
        this.file = file;
        this.opener = opener;
    }

    /**
     * Returns whether a path is that of a GGUF file.
     *
     * @param path a file or a folder
     * @return true if its name ends with {@code .gguf}, and it is no folder
     */
    public static boolean is(Path path) {
        Objects.requireNonNull(path, "path must not be null");
        return String.valueOf(path.getFileName()).endsWith(EXTENSION) && !Files.isDirectory(path);
    }

    /**
     * Returns a file as a source. Nothing is read before something is asked for.
     *
     * @param file the file, or the first of several parts
     * @return the source
     */
    public static GgufSource of(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        return new GgufSource(file.toString(), () -> GgufReader.open(file));
    }

    /**
     * Returns a file in memory as a source.
     *
     * @param name the name of the file, which ends with {@code .gguf}
     * @param bytes its content, which is not copied
     * @return the source
     */
    public static GgufSource of(String name, byte[] bytes) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(bytes, "bytes must not be null");
        return new GgufSource(name, () -> GgufReader.of(name, bytes));
    }

    /**
     * Returns the keys of the file; not part of the API.
     *
     * @return the keys
     * @throws GgufException if the file breaks a rule of the format
     * @throws IOException if it cannot be read
     * @hidden
     */
    @Override
    public synchronized GgufKeys keys() throws IOException {
        GgufKeys read = keys;
        if (read == null) {
            // A file with a vocabulary alone has keys, and is no model.
            try (GgufReader reader = opener.open()) {
                read = reader.keys();
                keys = read;
            }
        }
        return read;
    }

    /**
     * Opens the file to read its tensors; not part of the API.
     *
     * @return the tensors by the names of transformers, which the caller closes
     * @throws GgufException if the file breaks a rule of the format, or has tensors that the architecture has not
     * @throws IOException if it cannot be read
     * @hidden
     */
    @Override
    public GgufTensors tensors() throws IOException {
        return GgufTensors.of(opener.open());
    }

    private Map<String, String> load() throws IOException {
        Map<String, String> loaded = texts;
        if (loaded == null) {
            try (GgufReader reader = opener.open()) {
                loaded = GgufFiles.of(reader);
                keys = reader.keys();
                texts = loaded;
            }
        }
        return loaded;
    }

    @Override
    public String name() {
        String name = file.substring(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
        return name.endsWith(EXTENSION) ? name.substring(0, name.length() - EXTENSION.length()) : name;
    }

    @Override
    public String describe(String entry) {
        return file + " (" + entry + ")";
    }

    @Override
    public synchronized boolean has(String entry) throws IOException {
        return load().containsKey(entry);
    }

    @Override
    public synchronized InputStream open(String entry) throws IOException {
        String text = load().get(entry);
        if (text == null) {
            throw new NoSuchFileException(
                    file,
                    null,
                    "a GGUF file must be read by what it has, found a request for " + MessageText.quote(entry));
        }
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
        return file;
    }
}
