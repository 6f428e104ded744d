package org.lora4j.attack;

import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.nn.NativeThreads;

/** Random adapters of every variant on random networks: each way to compute with them gives the same output. */
@Tag("slow")
@Tag("numbers")
class RandomAdaptersAttackTest {
    private enum Kind {
        DENSE,
        ENCODER,
        DECODER,
        TAGGER
    }

    @TempDir
    private Path folder;

    private static RandomModel model(Kind kind, long seed) throws Exception {
        return switch (kind) {
            case DENSE -> RandomModel.dense(seed);
            case ENCODER -> RandomModel.transformer(seed);
            case DECODER -> RandomModel.decoder(seed);
            case TAGGER -> RandomModel.tagger(seed);
        };
    }

    private static void mix(Kind kind, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            RandomModel model = model(kind, seed);
            SplittableRandom random = new SplittableRandom(seed);
            for (int batch = 0; batch < 3; batch++) {
                model.assertMixedEqualsAlone(random.nextInt(1, kind == Kind.DENSE ? 65 : 12));
            }
        }
    }

    private void mergeAndSave(Kind kind, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            RandomModel model = model(kind, seed);
            model.assertMergedEqualsAdapted(5);
            model.assertLoadedEqualsSaved(5, folder.resolve("seed" + seed));
        }
    }

    @ParameterizedTest
    @EnumSource
    void mixedBatchesEqualTheirAdaptersAlone(Kind kind) throws Exception {
        mix(kind, 0, kind == Kind.DENSE ? 50 : 12);
    }

    @Test
    void mixedBatchesEqualTheirAdaptersAloneWhenProcessorsAreLeft() throws Exception {
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            mix(threads == null ? Kind.ENCODER : Kind.DENSE, 100, 125);
        }
    }

    private static void train(Kind kind, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            model(kind, seed).assertTrainTogetherAsAlone(model(kind, seed), 3);
        }
    }

    @ParameterizedTest
    @EnumSource
    void adaptersThatTrainTogetherEndAsAlone(Kind kind) throws Exception {
        train(kind, 0, kind == Kind.DENSE ? 30 : 8);
    }

    @ParameterizedTest
    @EnumSource
    void mergedAndLoadedAdaptersEqualTheOriginals(Kind kind) throws Exception {
        mergeAndSave(kind, 0, kind == Kind.DENSE ? 20 : 5);
    }

    private static void view(Kind kind, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            RandomModel model = model(kind, seed);
            model.assertViewsEqualMerged(5);
            model.assertMergedCopyChangesNoMixedBatch(9);
            model.assertNothingIsRememberedAfterAThaw(9);
        }
    }

    @ParameterizedTest
    @EnumSource
    void viewsMergedCopiesAndThawsChangeNothingElse(Kind kind) throws Exception {
        view(kind, 0, kind == Kind.DENSE ? 20 : 5);
    }

    private static void resume(Kind kind, long from, long to) throws Exception {
        for (long seed = from; seed < to; seed++) {
            model(kind, seed).assertTrainingsResumeAlone(model(kind, seed), 4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void trainingsTogetherResumeAlone(Kind kind) throws Exception {
        resume(kind, 0, kind == Kind.DENSE ? 15 : 5);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("soak")
    void manyRandomAdapters(Kind kind) throws Exception {
        int models = Integer.getInteger("soak.models", 1_000);
        mix(kind, 1_000, 1_000 + models);
        mergeAndSave(kind, 1_000, 1_000 + models / 4);
        train(kind, 1_000, 1_000 + models / 4);
        view(kind, 1_000, 1_000 + models / 4);
        resume(kind, 1_000, 1_000 + models / 4);
    }
}
