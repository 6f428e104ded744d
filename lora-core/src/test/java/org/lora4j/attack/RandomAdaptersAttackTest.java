package org.lora4j.attack;

import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.NativeThreads;

/** Random adapters of every variant on random networks: each way to compute with them gives the same output. */
class RandomAdaptersAttackTest {
    @TempDir
    private Path folder;

    private static RandomModel model(boolean transformer, long seed) throws Exception {
        return transformer ? RandomModel.transformer(seed) : RandomModel.dense(seed);
    }

    private static void mix(boolean transformer, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            RandomModel model = model(transformer, seed);
            SplittableRandom random = new SplittableRandom(seed);
            for (int batch = 0; batch < 3; batch++) {
                model.assertMixedEqualsAlone(random.nextInt(1, transformer ? 12 : 65));
            }
        }
    }

    private void mergeAndSave(boolean transformer, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            RandomModel model = model(transformer, seed);
            model.assertMergedEqualsAdapted(5);
            model.assertLoadedEqualsSaved(5, folder.resolve("seed" + seed));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mixedBatchesEqualTheirAdaptersAlone(boolean transformer) throws Exception {
        mix(transformer, 0, transformer ? 25 : 100);
    }

    @Test
    void mixedBatchesEqualTheirAdaptersAloneWhenProcessorsAreLeft() throws Exception {
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            mix(threads == null, 100, 150);
        }
    }

    private static void train(boolean transformer, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            model(transformer, seed).assertTrainTogetherAsAlone(model(transformer, seed), 3);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void adaptersThatTrainTogetherEndAsAlone(boolean transformer) throws Exception {
        train(transformer, 0, transformer ? 15 : 60);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mergedAndLoadedAdaptersEqualTheOriginals(boolean transformer) throws Exception {
        mergeAndSave(transformer, 0, transformer ? 10 : 40);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("soak")
    void manyRandomAdapters(boolean transformer) throws Exception {
        int models = Integer.getInteger("soak.models", 1_000);
        mix(transformer, 1_000, 1_000 + models);
        mergeAndSave(transformer, 1_000, 1_000 + models / 4);
        train(transformer, 1_000, 1_000 + models / 4);
    }
}
