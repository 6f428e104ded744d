package org.lora4j.nn.transformer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.io.ModelSource;

/** The files of a model as bytes. */
record FilesInMemory(Map<String, byte[]> files) implements ModelSource {
    /** Reads all files of a folder and its sub-folders. */
    static FilesInMemory read(Path folder) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(folder.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file));
            }
        }
        return new FilesInMemory(files);
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String describe(String file) {
        return "memory/" + file;
    }

    @Override
    public boolean has(String file) {
        return files.containsKey(file);
    }

    @Override
    public InputStream open(String file) throws IOException {
        byte[] content = files.get(file);
        if (content == null) {
            throw new NoSuchFileException(describe(file));
        }
        return new ByteArrayInputStream(content);
    }
}
