package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation from many threads on one model, with the results of one thread. */
@Tag("numbers")
class ThreadsAttackTest {
    @TempDir
    private Path folder;

    /** How many results of each operation were not those of one thread. */
    private static int[] differing(Crowd crowd, int thread, int rounds) throws Exception {
        SplittableRandom random = new SplittableRandom(thread);
        int[] differing = new int[Crowd.operations()];
        for (int round = 0; round < rounds; round++) {
            for (int operation = 0; operation < differing.length; operation++) {
                String own = "t" + thread + "-" + round;
                differing[operation] += crowd.isSame(operation, random, own) ? 0 : 1;
            }
        }
        return differing;
    }

    private void run(int threads, int adapters, int rounds) throws Exception {
        Crowd crowd = new Crowd(adapters, folder);
        List<String> names = crowd.names();
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<int[]>> tasks = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int thread = i;
                tasks.add(() -> differing(crowd, thread, rounds));
            }
            for (Future<int[]> future : executor.invokeAll(tasks)) {
                assertThat(Arrays.stream(future.get()).boxed()).containsOnly(0);
            }
        } finally {
            executor.shutdownNow();
        }
        assertThat(crowd.names()).isEqualTo(names);
    }

    @Test
    void eightThreadsGetTheResultsOfOne() throws Exception {
        run(8, 10, 5);
    }

    @Test
    @Tag("soak")
    void sixtyFourThreadsGetTheResultsOfOneFromAHundredAdapters() throws Exception {
        run(64, 100, 3);
        ResidentMemory memory = ResidentMemory.measure();
        run(64, 100, Integer.getInteger("soak.rounds", 40));
        memory.requireGrowthBelow(100);
    }
}
