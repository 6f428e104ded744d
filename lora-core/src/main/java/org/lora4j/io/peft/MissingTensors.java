package org.lora4j.io.peft;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.lora4j.internal.MessageText;

/** Says what a folder without the tensors of an adapter holds instead, and what to do. */
final class MissingTensors {
    private static final Map<Pattern, String> OTHERS = new LinkedHashMap<>();

    static {
        put(
                "adapter_model[-.].*(-of-.*|index\\.json)",
                "tensors in several parts, which are not read; save the adapter in one file");
        put("adapter_model\\.bin", "a pickle, which is not read; save it in Python with safe_serialization=True");
        put(
                "adapters?\\.npz|(\\d+_)?adapters\\.safetensors",
                "an adapter of MLX, which has other names and transposed factors; convert it to PEFT's form in Python");
        put(
                "adapter_model\\.pt|adapter_\\d+\\.pt|.*\\.ckpt",
                "a checkpoint of torchtune or PyTorch, a pickle, which is not read; let torchtune write PEFT's form, or convert"
                        + " it in Python");
        put(
                "pytorch_lora_weights\\.(safetensors|bin)",
                "an adapter of diffusers for a model of images, which has no PEFT configuration; this library has no such"
                        + " model");
        put(
                "(model|pytorch_model).*\\.(safetensors|bin)",
                "a whole model; load it as a base, and give the folder of the adapter");
    }

    private MissingTensors() {}

    private static void put(String name, String what) {
        OTHERS.put(Pattern.compile(name), what);
    }

    /** The problem, and what to do. */
    static String problem(Path folder) {
        if (!Files.isDirectory(folder)) {
            return "must be a folder with an adapter, found " + (Files.exists(folder) ? "a file" : "no folder");
        }
        return "an adapter must have the file " + PeftFolder.TENSORS + ", found " + found(folder);
    }

    private static String found(Path folder) {
        List<Path> files = list(folder);
        for (Map.Entry<Pattern, String> other : OTHERS.entrySet()) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (other.getKey().matcher(name).matches()) {
                    return MessageText.quote(name) + ", " + other.getValue();
                }
            }
        }
        List<String> inside = files.stream()
                .filter(file -> Files.isDirectory(file) && new PeftFolder(file).exists())
                .map(file -> file.getFileName().toString())
                .sorted()
                .toList();
        if (inside.isEmpty()) {
            return "none";
        }
        return "adapters in the sub-folders " + MessageText.list(inside)
                + "; give one of them, or read all with PeftAdapters.loadAll";
    }

    private static List<Path> list(Path folder) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder)) {
            found.forEach(files::add);
        } catch (IOException | DirectoryIteratorException e) {
            return List.of(); // The message then names no other file.
        }
        files.sort(null);
        return files;
    }
}
