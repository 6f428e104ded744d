package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

/** A null argument is refused with its name. */
@SuppressWarnings("NullAway") // passes null on purpose
class NullArgumentsTest {
    private final TargetRank rank = TargetRank.of(1);
    private final LoRAAdapter adapter = AdapterSamples.adapter(DataType.FLOAT, 1, 2, 3, 1, 1);
    private final Network base = Network.builder(3).linear("fc", 2).build(1);

    private static void assertRefused(String name, ThrowingCallable call) {
        assertThatNullPointerException().isThrownBy(call).withMessage(name + " must not be null");
    }

    @Test
    void extractionRefusesNull() {
        assertRefused("base", () -> AdapterExtraction.extract(null, base, rank, BiasTraining.NONE));
        assertRefused("tuned", () -> AdapterExtraction.extract(base, null, rank, BiasTraining.NONE));
        assertRefused("rank", () -> AdapterExtraction.extract(base, base, null, BiasTraining.NONE));
        assertRefused("bias", () -> AdapterExtraction.extract(base, base, rank, null));
    }

    @Test
    void conversionRefusesNull() {
        assertRefused("adapter", () -> AdapterConversion.resize(null, rank));
        assertRefused("rank", () -> AdapterConversion.resize(adapter, null));
        assertRefused("base", () -> AdapterConversion.toLoRA(null, adapter, rank));
        assertRefused("adapter", () -> AdapterConversion.toLoRA(base, null, rank));
        assertRefused("rank", () -> AdapterConversion.toLoRA(base, adapter, null));
    }

    @Test
    void combinationRefusesNull() {
        AdapterCombination one = AdapterCombination.of(adapter, 1);

        assertRefused("adapter", () -> AdapterCombination.of(null, 1));
        assertRefused("adapter", () -> one.plus(null, 1));
        assertRefused("rank", () -> one.svd(null));
        assertRefused("majority", () -> one.ties(0.5, null));
        assertRefused("majority", () -> one.dareTies(0.5, null, 1));
        assertRefused("rank", () -> one.magnitudePruneSvd(null, 0.5));
        assertRefused("rank", () -> one.dareLinearSvd(null, 0.5, 1));
        assertRefused("rank", () -> one.tiesSvd(null, 0.5, AdapterCombination.MajoritySign.TOTAL));
        assertRefused("majority", () -> one.tiesSvd(rank, 0.5, null));
        assertRefused("rank", () -> one.dareTiesSvd(null, 0.5, AdapterCombination.MajoritySign.TOTAL, 1));
        assertRefused("majority", () -> one.dareTiesSvd(rank, 0.5, null, 1));
    }

    @Test
    void targetRanksAndResultsRefuseNull() {
        for (TargetRank target : new TargetRank[] {rank, TargetRank.ofEnergy(0.5)}) {
            assertRefused("matrix", () -> target.decompose(null));
            assertRefused("svd", () -> target.choose(null));
        }
        assertRefused("adapter", () -> new AdapterApproximation(null, Map.of()));
        assertRefused("layers", () -> new AdapterApproximation(adapter, null));
    }
}
