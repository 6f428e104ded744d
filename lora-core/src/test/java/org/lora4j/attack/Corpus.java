package org.lora4j.attack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Files that were a problem once, or are like them. Each is named after what is wrong with it. A configuration without
 * tensors gets those of the first sound sample, and the other way round.
 */
final class Corpus {
    private Corpus() {}

    /** The samples of a target; all damaged safetensors are given to every target. */
    static List<Sample> of(Target target) {
        Map<String, byte[]> sound = target.sound().get(0).files();
        Map<String, Map<String, byte[]>> samples = new TreeMap<>();
        for (Path file : files("/corpus/safetensors")) {
            add(samples, sound, file, target);
        }
        for (Path file : files(target.corpus())) {
            add(samples, sound, file, target);
        }
        List<Sample> all = new ArrayList<>();
        samples.forEach((name, files) -> all.add(new Sample(name, files)));
        return all;
    }

    private static void add(
            Map<String, Map<String, byte[]>> samples, Map<String, byte[]> sound, Path file, Target target) {
        String fileName = file.getFileName().toString();
        int dot = fileName.lastIndexOf('.');
        try {
            samples.computeIfAbsent(fileName.substring(0, dot), name -> new LinkedHashMap<>(sound))
                    .put(fileName.endsWith(".json") ? PeftTarget.CONFIG : target.tensors(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> files(String resource) {
        var folder = Corpus.class.getResource(resource);
        if (folder == null) {
            throw new IllegalStateException("no corpus " + resource);
        }
        try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
