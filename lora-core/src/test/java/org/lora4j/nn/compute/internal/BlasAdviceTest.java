package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.Logged;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.api.buffer.DataType;

/** The first prediction whose products BLAS computes with several threads logs advice. */
class BlasAdviceTest {
    private final BlasAdvice advice = new BlasAdvice();

    private List<String> log(int threads, DataType type, int width) {
        Network network =
                Network.builder(width).dataType(type).linear("l", width).build(1);
        try (NativeThreads blas = NativeThreads.forBlas(threads);
                Logged logged = Logged.by(Predictor.class)) {
            assertThat(blas).isNotNull();
            advice.log(network.stack());
            return logged.messages();
        }
    }

    @Test
    void advisesOnce() {
        assertThat(log(2, DataType.DOUBLE, 256))
                .singleElement()
                .asString()
                .startsWith("WARN BLAS computes predictions in DOUBLE with 2 threads, which wait actively")
                .endsWith("or call org.lora4j.nn.NativeThreads.forBlas(1) once");
        assertThat(log(2, DataType.DOUBLE, 256)).isEmpty();
    }

    @Test
    void namesTheEngineIfThereIsNone() {
        assertThat(log(2, DataType.FLOAT, 256)).hasSize(Engines.engine() == null ? 1 : 0);
        assertThat(log(2, DataType.FLOAT, 256)).isEmpty();
    }

    @Test
    void isSilentForOneThreadAndForSmallNetworks() {
        assertThat(log(1, DataType.DOUBLE, 256)).isEmpty();
        assertThat(log(2, DataType.DOUBLE, 200)).isEmpty();
        assertThat(log(2, DataType.DOUBLE, 256)).hasSize(1);
    }
}
