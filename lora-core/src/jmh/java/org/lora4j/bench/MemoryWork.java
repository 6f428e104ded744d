package org.lora4j.bench;

import com.sun.management.GarbageCollectorMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.lora4j.LoRAModel;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The memory of one state of a process: ND4J is loaded, the network is loaded, an adapter trains, or 1,000 adapters are
 * served. Prints the resident memory, the used heap, and how many bytes of the heap one step or one prediction allocates.
 *
 * <pre>{@code
 * src/bench/memory
 * }</pre>
 */
final class MemoryWork {
    private static final int BATCH = 10;
    private static final int STEPS = 2_000;
    private static final int REQUESTS = 20_000;
    private static final int SERVED = 1_000;
    private static final int RANK = 8;
    private static final double MIB = 1 << 20;

    private final String state;
    private long allocated;
    private int calls;

    private MemoryWork(String state) {
        this.state = state;
    }

    public static void main(String[] args) throws InterruptedException {
        if (args.length != 1) {
            throw new IllegalArgumentException(
                    "the argument must be idle, loaded, training or serving, found " + args.length + " arguments");
        }
        new MemoryWork(args[0]).run();
    }

    private void run() throws InterruptedException {
        switch (state) {
            case "idle" -> print(Nd4j.ones(1));
            case "loaded" -> print(new Start(Start.RICH, BATCH).network());
            case "training" -> train();
            case "serving" -> serve();
            default ->
                throw new IllegalArgumentException(
                        "the state must be idle, loaded, training or serving, found " + state);
        }
    }

    private void train() throws InterruptedException {
        Start start = new Start(Start.RICH, BATCH);
        LoRAModel model = start.model(RANK, false, 1);
        fit(start, model);
        long before = allocatedBytes();
        fit(start, model);
        calls = STEPS;
        allocated = allocatedBytes() - before;
        print(model);
    }

    private static void fit(Start start, LoRAModel model) {
        Trainer.builder(model.using(Start.name(0)))
                .maxIterations(STEPS)
                .epochs(STEPS)
                .build()
                .fit(start.batches());
    }

    private void serve() throws InterruptedException {
        LoRAModel model = new Start(Start.RICH, 1).model(RANK, false, SERVED);
        model.setTrainable();
        INDArray row = new Start(Start.RICH, 1)
                .x()
                .get(NDArrayIndex.interval(0, 1), NDArrayIndex.all())
                .dup('c');
        try (BatchingPredictor predictor = BatchingPredictor.builder(model).build()) {
            predict(predictor, row);
            long before = allocatedBytes();
            predict(predictor, row);
            calls = REQUESTS;
            allocated = allocatedBytes() - before;
            print(model);
        }
    }

    private static void predict(BatchingPredictor predictor, INDArray row) {
        for (int i = 0; i < REQUESTS; i++) {
            predictor.predict(row, Start.name(i % SERVED)).close();
        }
    }

    /** Returns the bytes of the heap that this thread has allocated. */
    private static long allocatedBytes() {
        return ManagementFactory.getPlatformMXBean(ThreadMXBean.class).getCurrentThreadAllocatedBytes();
    }

    /** Prints the memory as it is, and after a garbage collection. */
    private void print(Object kept) throws InterruptedException {
        long resident = ResidentMemory.isKnown() ? ResidentMemory.now() : 0;
        long used = usedHeap();
        long collections = ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class).stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                .sum();
        long settled = ResidentMemory.settled();
        System.out.printf(
                Locale.ROOT,
                "%-8s resident %4.0f MiB, heap %4.0f MiB, collections %d; after a collection: resident %4.0f MiB, heap %4.0f MiB;"
                        + " heap bytes per call %d (%s)%n",
                state,
                resident / MIB,
                used / MIB,
                collections,
                settled / MIB,
                usedHeap() / MIB,
                calls == 0 ? 0 : allocated / calls,
                kept.getClass().getSimpleName());
    }

    private static long usedHeap() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
