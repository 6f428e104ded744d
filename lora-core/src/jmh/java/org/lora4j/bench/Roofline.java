package org.lora4j.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Measures the limits of the machine: flops per second of large products, and bytes per second read from arrays. */
final class Roofline {
    private static final int TRIES = 10;
    private static final int N = 2048;
    private static final int[] MEGABYTES = {4, 16, 64, 256};
    private static final int MEGABYTES_READ = 512;
    private static final int PIECE = 1024;

    private Roofline() {}

    /** Returns the flops per second of a large product of FLOAT matrices. */
    static double flops() {
        INDArray a = Nd4j.ones(DataType.FLOAT, N, N);
        INDArray c = Nd4j.createUninitialized(DataType.FLOAT, new long[] {N, N}, 'f');
        double best = 0;
        for (int i = 0; i < TRIES; i++) {
            long begin = System.nanoTime();
            Nd4j.gemm(a, a, c, false, false, 1, 0);
            best = Math.max(best, 2.0 * N * N * N / (System.nanoTime() - begin) * 1e9);
        }
        return best;
    }

    /** Returns the bytes per second that all cores read together, by the size of the array in megabytes. */
    static Map<String, Double> bandwidths() throws InterruptedException, ExecutionException {
        int cores = Runtime.getRuntime().availableProcessors();
        ExecutorService pool = Executors.newFixedThreadPool(cores);
        Map<String, Double> result = new LinkedHashMap<>();
        for (int megabytes : MEGABYTES) {
            List<Callable<Integer>> readers = new ArrayList<>();
            for (int core = 0; core < cores; core++) {
                int[] share = new int[megabytes * (1 << 18) / cores];
                readers.add(() -> read(share, MEGABYTES_READ / megabytes));
            }
            double best = 0;
            for (int i = 0; i < TRIES; i++) {
                long begin = System.nanoTime();
                for (Future<Integer> sum : pool.invokeAll(readers)) {
                    sum.get();
                }
                best = Math.max(best, MEGABYTES_READ * (double) (1 << 20) / (System.nanoTime() - begin) * 1e9);
            }
            result.put(Integer.toString(megabytes), best);
        }
        pool.shutdown();
        return result;
    }

    /** Copies an array, piece by piece, to the same small array, which stays in the first-level cache. */
    private static int read(int[] values, int times) {
        int[] near = new int[PIECE];
        int sum = 0;
        for (int i = 0; i < times; i++) {
            for (int from = 0; from < values.length; from += PIECE) {
                System.arraycopy(values, from, near, 0, PIECE);
            }
            sum += near[0];
        }
        return sum;
    }
}
