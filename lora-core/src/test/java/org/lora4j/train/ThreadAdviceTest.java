package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.Patience;
import org.lora4j.internal.Logged;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** A training logs advice if it starts with thread settings that are known to be slow. */
@Tag("slow")
class ThreadAdviceTest {
    private static final String ADVICE =
            "ND4J's loops have 2 threads and BLAS has 2 threads. Idle threads keep the processors busy, so a step can"
                    + " take ten times as long. org.lora4j.nn.NativeThreads.forBlas() prevents this";

    /** Trains in a new process, because ND4J reads the number of threads of its loops when it starts. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws IOException {
            Files.writeString(Path.of(arguments[0]), logs());
        }
    }

    /** Those of a training whose loops are all of this library, and of trainings with loops of ND4J. */
    private static String logs() {
        return log(DataType.FLOAT, new Adam(1e-3), new ActivationReLU())
                + "|" + log(DataType.FLOAT, new Sgd(1e-3), new ActivationReLU())
                + "|" + log(DataType.FLOAT, new AdamW(1e-3, 0), new ActivationTanH())
                + "|" + log(DataType.FLOAT, new Adam(1e-3), new ActivationReLU(6.0, 0.0, 0.0))
                + "|" + log(DataType.DOUBLE, new Adam(1e-3), new ActivationReLU());
    }

    private static String log(DataType type, IUpdater updater, IActivation activation) {
        try (Logged logged = Logged.by(Trainer.class)) {
            Network network = Network.builder(2)
                    .dataType(type)
                    .linear("l", 2)
                    .activation(activation)
                    .linear("m", 2)
                    .build(1);
            Trainer.builder(network).updater(updater).epochs(3).build().fit(Batches.random(1, type, 2, 2, 3, 3));
            return String.join("\n", logged.messages());
        }
    }

    @Test
    void logsTheAdviceOnceIfLoopsOfNd4jAndBlasHaveSeveralThreads(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("log");
        ProcessBuilder process = new ProcessBuilder(JavaCommand.of("-Xmx256m", Main.class.getName(), log.toString()))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile());
        process.environment().put("OMP_NUM_THREADS", "2");
        assertThat(Patience.awaitEnd(process.start()))
                .as(Files.readString(folder.resolve("output"), StandardCharsets.UTF_8))
                .isZero();
        assertThat(log).hasContent("|" + String.join("|", Collections.nCopies(4, "WARN " + ADVICE)));
    }

    @Test
    void logsNothingIfTheLoopsHaveOneThread() {
        try (NativeThreads threads = NativeThreads.forBlas(2)) {
            assertThat(threads).isNotNull();
            assertThat(logs()).isEqualTo("||||");
        }
    }
}
