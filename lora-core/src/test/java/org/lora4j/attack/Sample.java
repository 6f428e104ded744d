package org.lora4j.attack;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * What one reader gets: its files by their names, which tell JSON ({@code .json}) and GGUF ({@code .gguf}) from safetensors.
 *
 * @param name says what is wrong with it, or where it comes from
 * @param files the content by file name
 */
record Sample(String name, Map<String, byte[]> files) {
    byte[] file(String fileName) {
        byte[] file = files.get(fileName);
        if (file == null) {
            throw new IllegalArgumentException(name + ": no file " + fileName + ", found " + files.keySet());
        }
        return file;
    }

    /** The same sample with some changes in one or more places. */
    Sample mutate(SplittableRandom random) {
        JsonMutator json = new JsonMutator(random);
        SafeTensorsMutator tensors = new SafeTensorsMutator(random, json);
        Map<String, byte[]> changed = new TreeMap<>(files);
        List<String> names = List.copyOf(changed.keySet());
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes; i++) {
            String file = names.get(random.nextInt(names.size()));
            changed.computeIfPresent(
                    file,
                    (key, content) -> key.endsWith(".json")
                            ? mutateText(random, json, content)
                            : key.endsWith(".gguf") ? GgufTarget.mutate(random, content) : tensors.mutate(content));
        }
        return new Sample(name, changed);
    }

    private static byte[] mutateText(SplittableRandom random, JsonMutator json, byte[] content) {
        return random.nextInt(8) == 0
                ? SafeTensorsMutator.anyBytes(random, content)
                : json.mutate(new String(content, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
    }
}
