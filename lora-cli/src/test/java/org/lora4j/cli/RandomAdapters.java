package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters of random numbers for {@link SmallModels}, large enough to change what the models answer. */
final class RandomAdapters {
    private static final int RANK = 2;

    private RandomAdapters() {}

    /** Writes an adapter of a module of both layers. */
    static void write(Path folder, String layers, String module, long seed) throws IOException {
        write(folder, layers, module, SmallModels.WIDTH, 2, seed);
    }

    /** The same for a model of another width, with so many layers. */
    static void write(Path folder, String layers, String module, int width, int count, long seed) throws IOException {
        Random random = new Random(seed);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String path = "base_model.model." + layers + "." + i + "." + module;
            tensors.put(path + ".lora_A.weight", random(random, RANK, width));
            tensors.put(path + ".lora_B.weight", random(random, width, RANK));
        }
        Files.createDirectories(folder);
        SafeTensors.of(tensors, Map.of("format", "pt")).write(folder.resolve("adapter_model.safetensors"));
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"%s\"]}"
                        .formatted(module.substring(module.lastIndexOf('.') + 1)));
    }

    private static INDArray random(Random random, long... shape) {
        INDArray array = Nd4j.create(shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextGaussian());
        }
        return array;
    }
}
