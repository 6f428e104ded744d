package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.internal.Logged;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

/** A training logs advice if it starts with thread settings that are known to be slow. */
class ThreadAdviceTest {
    private static final String ADVICE =
            "ND4J's loops have 2 threads and BLAS has 2 threads. Idle threads keep the processors busy, so a step can"
                    + " take ten times as long. org.lora4j.nn.NativeThreads.forBlas() prevents this";

    /** Trains in a new process, because ND4J reads the number of threads of its loops when it starts. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws IOException {
            Files.writeString(Path.of(arguments[0]), logOfATraining());
        }
    }

    private static String logOfATraining() {
        try (Logged logged = Logged.by(Trainer.class)) {
            Trainer.builder(Network.builder(2).linear("l", 2).build(1))
                    .epochs(3)
                    .build()
                    .fit(Batches.random(1, DataType.FLOAT, 2, 2, 3, 3));
            return String.join("\n", logged.messages());
        }
    }

    @Test
    void logsTheAdviceOnceIfLoopsAndBlasHaveSeveralThreads(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("log");
        ProcessBuilder process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        log.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile());
        process.environment().put("OMP_NUM_THREADS", "2");
        Process started = process.start();
        assertThat(started.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(started.exitValue())
                .as(Files.readString(folder.resolve("output"), StandardCharsets.UTF_8))
                .isZero();
        assertThat(log).hasContent("WARN " + ADVICE);
    }

    @Test
    void logsNothingIfTheLoopsHaveOneThread() {
        try (NativeThreads threads = NativeThreads.forBlas(2)) {
            assertThat(threads).isNotNull();
            assertThat(logOfATraining()).isEmpty();
        }
    }
}
