package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A null argument is refused with its name. */
@SuppressWarnings("NullAway") // passes null on purpose
class NullArgumentsTest {
    private final INDArray matrix = Nd4j.ones(DataType.FLOAT, 2, 2);

    private static void assertRefused(String name, ThrowingCallable call) {
        assertThatNullPointerException().isThrownBy(call).withMessage(name + " must not be null");
    }

    @Test
    void decompositionsRefuseNull() {
        assertRefused("a", () -> Svd.thin(null));
        assertRefused("a", () -> Svd.truncated(null, 1));
        assertRefused("a", () -> ThinQr.of(null));
    }

    @Test
    void factorsRefuseNull() {
        assertRefused("q", () -> new ThinQr(null, matrix));
        assertRefused("r", () -> new ThinQr(matrix, null));
        assertRefused("b", () -> new LowRankFactors(null, matrix));
        assertRefused("a", () -> new LowRankFactors(matrix, null));
    }
}
