package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.ServingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The programs of the page on production. */
@SuppressWarnings("try") // the threads are not referenced in their body
class ProductionGuideTest {
    @TempDir
    private Path folder;

    private Network network;

    @BeforeEach
    void saveABaseAndAnAdapter() throws IOException {
        network = Network.builder(20)
                .linear("linear1", 16)
                .relu()
                .linear("linear2", 3)
                .build(1);
        network.save(folder.resolve("base.safetensors"));
        for (String name : List.of("customer-a", "customer-b")) {
            LoRAConfig config =
                    LoRAConfig.builder().rank(2).init(LoRAInit.random()).build();
            PeftAdapters.save(LoRAAdapter.initialize(network, config).adapter(), network, folder.resolve(name));
        }
    }

    // spotless:off
    @Test
    void aServiceFromItsStartToItsEnd() throws IOException {
        Path adapters = folder;
        AtomicBoolean isReady = new AtomicBoolean();
        LongAdder evictions = new LongAdder();
        LongAdder rows = new LongAdder();
        NativeThreads threads = NativeThreads.forBlas(1); // once, at the start; the requests use the processors
        Network base = Network.load(folder.resolve("base.safetensors"));
        LoRAModel model = LoRAModel.of(base);
        AdapterCache cache = AdapterCache.builder(model, adapters)
                .maxBytes(512L << 20)
                .readOptions(ReadOptions.of(FingerprintCheck.REQUIRE))
                .listener(new AdapterCache.Listener() {
                    @Override
                    public void onEviction(String name, long bytes) {
                        evictions.increment();
                    }
                })
                .build();
        BatchingPredictor predictor = BatchingPredictor.builder(model)
                .adapters(cache)
                .maxBatchRows(64)
                .maxWaitingRows(1000)
                .listener(new ServingListener() {
                    @Override
                    public void onBatch(int calls, long batchRows, long nanos) {
                        rows.add(batchRows);
                    }
                })
                .build();

        INDArray warm = Nd4j.zeros(DataType.FLOAT, 1, base.inputSize());
        for (int i = 0; i < 2000; i++) {
            predictor.predict(warm, i % 2 == 0 ? "customer-a" : "customer-b");
        }
        isReady.set(true); // the readiness probe reads this
        assertThat(isReady).isTrue();
        assertThat(rows.sum()).isEqualTo(2000);

        long p99 = predictor.stats().all().latencyNanos().percentile(99);
        long rejected = predictor.stats().all().rejected();
        double meanRows = predictor.stats().batchUnits().mean();
        AdapterCache.Stats loaded = cache.stats();
        System.out.printf("p99 %d ns, %d rejected, %.1f rows a batch, %d adapters, %d bytes, %d loads, %d failed%n",
                p99, rejected, meanRows, loaded.adapters(), loaded.bytes(), loaded.loads(), loaded.failedLoads());
        assertThat(loaded.adapters()).isEqualTo(2);
        assertThat(evictions.sum()).isZero();

        isReady.set(false); // no new requests
        predictor.close(); // rejects later calls, and waits for the accepted ones
        threads.close();
        assertThat(rejected).isZero();
    }

    @Test
    void theBytesOfOneAdapter() {
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.add("customer-a", LoRAConfig.of(8, 16));
        long bytes = view.residentBytes(); // 4 bytes for each number of A and B
        assertThat(bytes).isEqualTo(4 * (8 * (20 + 16) + 8 * (16 + 3)));
    }

    @Test
    void hotSwap() throws IOException {
        LoRAModel model = LoRAModel.of(network);
        model.load("customer-a", folder.resolve("customer-a"));
        Path newFolder = folder.resolve("customer-b");
        INDArray x = Nd4j.rand(DataType.FLOAT, 1, 20);
        LoRAAdapter fresh = PeftAdapters.load(newFolder, model.network(), ReadOptions.of(FingerprintCheck.REQUIRE));
        LoRAAdapter old = model.adapter("customer-a"); // keep it for a way back
        model.replace("customer-a", fresh); // running calls end with the old one, later calls use the new one
        boolean isGood = Double.isFinite(model.using("customer-a").predict(x).sumNumber().doubleValue());
        if (!isGood) {
            model.replace("customer-a", old);
        }
        assertThat(model.adapter("customer-a")).isEqualTo(fresh);
    }
    // spotless:on
}
