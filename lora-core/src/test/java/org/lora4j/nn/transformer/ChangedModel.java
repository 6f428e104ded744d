package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A copy of the folder of a golden model, whose files a test changes. */
record ChangedModel(Path folder) {
    private static final String WEIGHTS = "model.safetensors";

    /** A copy of a case in a new folder in {@code parent}. */
    static ChangedModel of(String name, Path parent) throws Exception {
        Path folder = Files.createTempDirectory(parent, name);
        try (Stream<Path> files = Files.list(GoldenCase.of(name).folder())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.write(folder.resolve(file.getFileName()), Files.readAllBytes(file));
            }
        }
        return new ChangedModel(folder);
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    /** Replaces a text, which must be there, in the configuration. */
    ChangedModel config(String from, String to) throws IOException {
        return replace("config.json", from, to);
    }

    ChangedModel replace(String file, String from, String to) throws IOException {
        String text = Files.readString(file(file));
        assertThat(text).contains(from);
        return write(file, text.replace(from, to).getBytes(StandardCharsets.UTF_8));
    }

    ChangedModel write(String file, byte[] bytes) throws IOException {
        Files.write(file(file), bytes);
        return this;
    }

    ChangedModel rename(String file, String other) throws IOException {
        Files.move(file(file), file(other));
        return this;
    }

    ChangedModel delete(String file) throws IOException {
        Files.delete(file(file));
        return this;
    }

    /** Changes the tensors of a model in one file. */
    ChangedModel tensors(Consumer<Map<String, INDArray>> change) throws IOException {
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(SafeTensors.read(file(WEIGHTS)).tensors());
        change.accept(tensors);
        SafeTensors.of(tensors, Map.of()).write(file(WEIGHTS));
        return this;
    }

    PretrainedModel load() throws IOException {
        return PretrainedModel.load(folder);
    }
}
