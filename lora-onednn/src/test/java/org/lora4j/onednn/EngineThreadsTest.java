package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.Patience;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.ProductEngine.Direction;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/** The engine has a thread for each processor, or what a program sets, and leaves the settings of its callers alone. */
class EngineThreadsTest {
    private static final String NAME = "products";

    /** Computes products in a thread of its own. Its team of OpenMP has the name of this thread. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws Exception {
            // ND4J's own loops and BLAS must have no team of the thread's name.
            Nd4j.getEnvironment().setMaxMasterThreads(1);
            Nd4j.getEnvironment().setMaxThreads(1);
            INDArray weight = Matrices.random(1, 1000, 1000);
            // In columns, so that it is copied too.
            INDArray x = Matrices.Place.COLUMNS.of(Matrices.random(2, 300, 1000));
            INDArray y = Nd4j.ones(DataType.FLOAT, 1000, 300).transpose();
            OneDnnEngine engine = new OneDnnEngine(true);
            FutureTask<String> found = new FutureTask<>(() -> threads(engine, weight, x, y));
            Thread thread = new Thread(found, NAME);
            thread.start();
            thread.join();
            Files.writeString(Path.of(arguments[0]), found.get());
        }
    }

    /** The threads of OpenMP after products with one thread and with three of the engine, and the caller's own setting. */
    private static String threads(OneDnnEngine engine, INDArray weight, INDArray x, INDArray y) throws IOException {
        StringBuilder found = new StringBuilder();
        for (int threads : new int[] {1, 3}) {
            engine.setThreads(threads);
            for (Precision precision : Precision.values()) {
                Optional<PackedWeight> packed = engine.prepare(weight, precision, Direction.FORWARD);
                // A processor with AVX2 alone has no products in bfloat16, and those in int4 are never the engine's.
                if (precision == Precision.FLOAT && packed.isEmpty()) {
                    throw new IllegalStateException("a product in single precision must be packed");
                }
                packed.ifPresent(each -> {
                    each.multiply(x, y, false);
                    each.multiply(x, y, true);
                });
            }
            found.append(team()).append(' ');
        }
        return found.append(NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads())
                .toString();
    }

    private static long team() throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            return tasks.filter(EngineThreadsTest::hasName).count();
        }
    }

    private static boolean hasName(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip().equals(NAME);
        } catch (IOException e) {
            // It has ended.
            return false;
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    @Tag("slow")
    void aProductHasOneThreadOfOpenMp(@TempDir Path folder) throws Exception {
        Path result = folder.resolve("result");
        ProcessBuilder process = new ProcessBuilder(JavaCommand.of("-Xmx512m", Main.class.getName(), result.toString()))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile());
        // ND4J's own loops would start a team of this size, so they must not have one; only the caller's setting is
        // larger.
        process.environment().put("OMP_NUM_THREADS", "4");
        assertThat(Patience.awaitEnd(process.start()))
                .as(Files.readString(folder.resolve("output"), StandardCharsets.UTF_8))
                .isZero();
        assertThat(result).hasContent("1 1 4");
    }

    @Test
    void nativeThreadsGiveTheProcessorsToOneTeam() {
        ProductEngine engine = engine();
        assertThat(engine).isInstanceOf(OneDnnEngine.class);
        assertThat(settings(engine).get(0)).isEqualTo(Runtime.getRuntime().availableProcessors());
        List<Integer> before = settings(engine);
        try (NativeThreads outer = NativeThreads.forEngine(3)) {
            assertThat(outer).isNotNull();
            assertThat(settings(engine)).containsExactly(3, 1, 1);
            try (NativeThreads inner = NativeThreads.forBlas(2)) {
                assertThat(inner).isNotNull();
                assertThat(settings(engine)).containsExactly(1, 2, 1);
            }
            assertThat(settings(engine)).containsExactly(3, 1, 1);
        }
        assertThat(settings(engine)).isEqualTo(before);
        engine.setThreads(1);
        try (NativeThreads all = NativeThreads.forEngine()) {
            assertThat(all).isNotNull();
            assertThat(settings(engine).get(0)).isEqualTo(Runtime.getRuntime().availableProcessors());
        } finally {
            engine.setThreads(before.get(0));
        }
    }

    private static ProductEngine engine() {
        ProductEngine engine = Engines.engine();
        assumeTrue(engine != null, "oneDNN is fast on this processor");
        return Objects.requireNonNull(engine);
    }

    private static List<Integer> settings(ProductEngine engine) {
        return List.of(
                engine.threads(),
                Nd4j.factory().blas().getMaxThreads(),
                Nd4j.getEnvironment().maxMasterThreads());
    }

    @Test
    void refusesNoThread() {
        OneDnnEngine engine = new OneDnnEngine();
        int before = engine.threads();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> engine.setThreads(0))
                .withMessage("the number of threads must be at least 1, found 0");
        assertThat(engine.threads()).isEqualTo(before);
    }
}
