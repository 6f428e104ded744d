package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.LoggerFactory;

/** An adapter computes the same however it is spelled; an adapter with numbers that are not finite is never saved. */
class RewrittenAdapterTest {
    private static final Logger LOG = (Logger) LoggerFactory.getLogger("org.lora4j");

    private final Network base = SmallModels.network();
    private final INDArray x = Samples.gaussian(3, DataType.FLOAT, 3, base.inputSize());
    private final List<LoRAAdapter> adapters = new ArrayList<>();

    RewrittenAdapterTest() {
        for (LoRAConfig config : List.of(
                LoRAConfig.builder()
                        .rank(2)
                        .alpha(3)
                        .targetModules("linear1", "linear2")
                        .build(),
                LoRAConfig.builder()
                        .rank(2)
                        .targetModules("linear2")
                        .loraBias(true)
                        .build(),
                LoRAConfig.builder().rank(2).targetModules("linear1").dora(true).build(),
                LoRAConfig.builder()
                        .rank(3)
                        .targetModules("linear1", "linear2")
                        .modulesToSave("linear3")
                        .build())) {
            adapters.add(LoRAAdapter.initialize(
                            base, config.toBuilder().init(LoRAInit.random()).build())
                    .adapter());
        }
    }

    @BeforeAll
    static void silenceWarnings() {
        LOG.setLevel(Level.ERROR);
    }

    @AfterAll
    static void warnAgain() {
        LOG.setLevel(null);
    }

    private INDArray predict(LoRAAdapter adapter) {
        return LoRAModel.of(base).add("a", adapter).predict(x);
    }

    private void rewriteAndRead(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        LoRAAdapter adapter = adapters.get(random.nextInt(adapters.size()));
        PeftFiles rewritten = Spellings.rewrite(PeftFiles.of(adapter), base, random);
        LoRAAdapter read;
        try {
            read = rewritten.adapter(base);
        } catch (IOException e) {
            throw new AssertionError("seed " + seed + ": " + new String(rewritten.config(), StandardCharsets.UTF_8), e);
        }
        assertThat(predict(read)).as("seed " + seed).isEqualTo(predict(adapter));
        PeftFiles written = PeftFiles.of(read, base);
        assertThat(PeftFiles.read(written.config(), written.tensors(), ReadOptions.of(FingerprintCheck.REQUIRE))
                        .adapter(base))
                .as("seed " + seed)
                .isEqualTo(read);
    }

    private void poisonAndSave(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        LoRAAdapter adapter = new LoRAAdapter(adapters.get(0).config(), copies(adapters.get(0)));
        List<INDArray> arrays = new ArrayList<>();
        adapter.weights().values().forEach(weights -> arrays.addAll(List.of(weights.loraA(), weights.loraB())));
        INDArray array = arrays.get(random.nextInt(arrays.size()));
        float[] poison = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        array.putScalar(random.nextLong(array.length()), poison[random.nextInt(poison.length)]);
        try {
            PeftFiles saved = PeftFiles.of(adapter, base);
            throw new AssertionError("seed " + seed + ": must be refused, found " + saved);
        } catch (IllegalArgumentException e) {
            Attack.assertClear(e);
        }
    }

    private static Map<String, LoRAWeights> copies(LoRAAdapter adapter) {
        Map<String, LoRAWeights> copies = new LinkedHashMap<>();
        adapter.weights()
                .forEach((path, weights) -> copies.put(
                        path,
                        new LoRAWeights(weights.loraA().dup(), weights.loraB().dup())));
        return copies;
    }

    @Test
    @Tag("slow")
    void computesTheSameHoweverItIsSpelled() throws Exception {
        for (long seed = 0; seed < 400; seed++) {
            rewriteAndRead(seed);
        }
    }

    @Test
    void savesNothingThatIsNotFinite() {
        for (long seed = 0; seed < 100; seed++) {
            poisonAndSave(seed);
        }
    }

    @Test
    @Tag("soak")
    void computesTheSameHoweverItIsSpelledForMinutes() throws Exception {
        long end = System.nanoTime()
                + Duration.ofMinutes(Integer.getInteger("soak.minutes", 2)).toNanos();
        for (long seed = Long.getLong("soak.seed", 1_000_000); System.nanoTime() < end; seed++) {
            rewriteAndRead(seed);
            poisonAndSave(seed);
        }
    }
}
