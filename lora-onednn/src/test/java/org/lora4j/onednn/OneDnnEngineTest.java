package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class OneDnnEngineTest {
    private final OneDnnEngine engine = new OneDnnEngine();

    @Test
    void isFoundByItsModule() {
        assertThat(ServiceLoader.load(ProductEngine.class))
                .singleElement()
                .isInstanceOf(OneDnnEngine.class)
                .extracting(ProductEngine::name)
                .isEqualTo("oneDNN 3.11.0");
    }

    /** Otherwise it is emulated, which takes longer than single precision. The name of the code tells. */
    @Test
    void bfloat16IsFastWithInstructionsForIt() {
        String code = "";
        try (NativeObjects used = new NativeObjects()) {
            Matmul.Packing packing = Matmul.packing(used, Kind.BFLOAT16, 256, 256);
            code = packing == null ? "" : packing.implementation();
        }
        assertThat(engine.isFast(Precision.BFLOAT16))
                .as(code)
                .isEqualTo(code.startsWith("brg") && (code.contains("amx") || code.contains("avx512_core_bf16")));
    }

    @Test
    void packsLargeWeightsOnly() {
        assumeTrue(engine.isFast(Precision.FLOAT));
        for (Direction direction : Direction.values()) {
            assertThat(engine.prepare(Matrices.random(1, 500, 100), Precision.FLOAT, direction))
                    .isPresent();
            assertThat(engine.prepare(Matrices.random(1, 499, 100), Precision.FLOAT, direction))
                    .isEmpty();
        }
    }

    /** The columns of the result are padded to blocks of 64, so that 4 of them would take 16 times the memory. */
    @Test
    void packsNoWeightThatWouldBeMostlyPadding() {
        assumeTrue(engine.isFast(Precision.FLOAT));
        assertThat(engine.prepare(Matrices.random(1, 4, 20_000), Precision.FLOAT, Direction.FORWARD))
                .isEmpty();
        assertThat(engine.prepare(Matrices.random(1, 1000, 784), Precision.FLOAT, Direction.FORWARD))
                .hasValueSatisfying(
                        packed -> assertThat(packed.bytes()).isBetween(4L * 784_000, 4L * 784_000 * 11 / 10));
    }

    @Test
    void refusesWhatIsNoFloatMatrix() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> engine.prepare(Nd4j.ones(DataType.DOUBLE, 2, 3), Precision.FLOAT, Direction.FORWARD))
                .withMessage("weight: must be a FLOAT matrix, found DOUBLE [2, 3]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> engine.prepare(Nd4j.ones(DataType.FLOAT, 6), Precision.INT8, Direction.FORWARD))
                .withMessage("weight: must be a FLOAT matrix, found FLOAT [6]");
    }
}
