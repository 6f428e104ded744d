package org.lora4j.nn.transformer;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.lora4j.internal.math.LayerSeed;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The tensors of a model before its training, as {@code transformers} creates them: matrices from
 * {@code N(0, initializer_range²)}, or with the smaller deviation of their family, the weights of normalizations 1, or 0 if 1
 * is added to them, biases 0.
 */
final class InitialTensors {
    private static final double RANGE = 0.02;

    private InitialTensors() {}

    /**
     * Creates the tensors of a model with a pooler, or with a head if it is not tied.
     *
     * @param config the configuration, which may have an {@code initializer_range}
     */
    static SafeTensors create(ModelConfig config, DataType dataType, long seed) {
        JsonFields fields = new JsonFields(config.json());
        double range = fields.number("initializer_range", RANGE);
        if (!(range >= 0 && Double.isFinite(range))) {
            fields.refuse("initializer_range must be finite and at least 0, found " + range);
        }
        fields.requireNoProblems();
        ExpectedTensors expected = ExpectedTensors.of(config, Map.of());
        Set<String> ends = new HashSet<>(expected.pooler());
        if (config.family() instanceof DecoderFamily decoder && !decoder.isTied()) {
            ends.add(DecoderFamily.HEAD_WEIGHT);
        }
        Map<String, ExpectedTensors.Expected> created = new LinkedHashMap<>(expected.required());
        expected.optional().forEach((name, tensor) -> {
            if (ends.contains(name)) {
                created.put(name, tensor);
            }
        });
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        created.forEach((name, tensor) ->
                tensors.put(name, create(config.family(), name, tensor.stored(), range, dataType, seed)));
        return SafeTensors.of(tensors, Map.of());
    }

    private static INDArray create(
            Family family, String name, long[] shape, double range, DataType dataType, long seed) {
        if (shape.length > 1) {
            double deviation = family.initialDeviation(name, range);
            // Each has a seed of its own, so it does not depend on the other tensors.
            return RandomArrays.gaussian(new SplittableRandom(LayerSeed.of(seed, name)), deviation, dataType, shape);
        }
        return Nd4j.valueArrayOf(shape, name.endsWith(".bias") ? 0 : family.initialNorm(), dataType);
    }
}
