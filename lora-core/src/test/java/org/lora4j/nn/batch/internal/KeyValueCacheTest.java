package org.lora4j.nn.batch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class KeyValueCacheTest {
    private static final EffectiveLayers ORIGINAL = WeightedLayer::original;

    private final SplittableRandom random = new SplittableRandom(11);

    private int[] ids(int length) {
        int[] ids = new int[length];
        Arrays.setAll(ids, i -> random.nextInt(Decoders.VOCABULARY));
        return ids;
    }

    private static KeyValueCache cache(Network network, int limit) {
        KeyValueCache cache = new KeyValueCache(network.stack(), limit);
        cache.use(ORIGINAL, false);
        return cache;
    }

    private static INDArray forward(Pass pass, Network network, Sequences next, KeyValueCache... caches) {
        Segment segment = Segment.predicting(network.stack(), ORIGINAL);
        return pass.forward(Segments.of(segment, next).continuing(List.of(caches)));
    }

    private static void assertRows(INDArray actual, INDArray all, int from) {
        for (int i = 0; i < actual.size(0); i++) {
            assertThat(actual.getRow(i).toDoubleVector())
                    .as("row %d", from + i)
                    .containsExactly(all.getRow(from + i).toDoubleVector(), within(1e-9));
        }
    }

    /** In pieces of any size, which are computed by loops or by products. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void piecesGiveTheOutputOfTheWhole(Decoders.Family family) {
        for (int round = 0; round < 12; round++) {
            Network network = Decoders.of(family, round, DataType.DOUBLE, 220);
            Pass pass = network.newInferencePass();
            int[] ids = ids(round == 0 ? 200 : 30);
            INDArray all = network.predict(Sequences.of(ids));
            KeyValueCache cache = cache(network, 300);
            int from = 0;
            while (from < ids.length) {
                int most = round == 0 ? 140 : random.nextBoolean() ? 1 : 9;
                int to = Math.min(ids.length, from + 1 + random.nextInt(most));
                Sequences next =
                        Sequences.continuing(new int[][] {Arrays.copyOfRange(ids, from, to)}, new int[] {from});
                assertRows(forward(pass, network, next, cache), all, from);
                assertThat(cache.length()).isEqualTo(to);
                from = to;
            }
        }
    }

    /** The positions of masked tokens are left out; the first of them stays a row. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void continuesMaskedSequences(Decoders.Family family) {
        for (int masked = 1; masked < 4; masked++) {
            Network network = Decoders.of(family, 5, DataType.DOUBLE, 40);
            int[] ids = ids(20);
            int[] mask = new int[20];
            Arrays.fill(mask, masked, 20, 1);
            INDArray all = network.predict(Sequences.of(new int[][] {ids}, new int[][] {mask}, null));
            KeyValueCache cache = cache(network, 40);
            Pass pass = network.newInferencePass();
            int from = 8;
            INDArray prompt = forward(
                    pass,
                    network,
                    Sequences.of(new int[][] {Arrays.copyOf(ids, from)}, new int[][] {Arrays.copyOf(mask, from)}, null),
                    cache);
            assertRows(prompt.get(NDArrayIndex.interval(1, prompt.size(0)), NDArrayIndex.all()), all, 1);
            assertThat(cache.length()).isEqualTo(from - masked);
            for (int size : List.of(1, 5, 1, 2, 3)) {
                INDArray next = forward(
                        pass,
                        network,
                        Sequences.continuing(
                                new int[][] {Arrays.copyOfRange(ids, from, from + size)}, new int[] {from}),
                        cache);
                assertRows(next, all, from - masked + 1);
                from += size;
            }
        }
    }

    @Test
    void sequencesBesideEachOtherHaveTheirOwnCaches() {
        Network network = Decoders.of(Decoders.Family.QWEN3, 3, DataType.DOUBLE, 40);
        Pass pass = network.newInferencePass();
        int[][] ids = {ids(12), ids(20), ids(9)};
        List<KeyValueCache> caches = new ArrayList<>();
        int[] from = new int[3];
        for (int i = 0; i < 3; i++) {
            caches.add(cache(network, 20));
        }
        while (from[0] < 12 || from[1] < 20 || from[2] < 9) {
            List<Integer> running = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                if (from[i] < ids[i].length) {
                    running.add(i);
                }
            }
            int[][] next = new int[running.size()][];
            int[] positions = new int[next.length];
            for (int j = 0; j < next.length; j++) {
                int i = running.get(j);
                positions[j] = from[i];
                next[j] = Arrays.copyOfRange(
                        ids[i], from[i], Math.min(ids[i].length, from[i] + 1 + random.nextInt(from[i] == 0 ? 6 : 2)));
            }
            INDArray y = forward(
                    pass,
                    network,
                    Sequences.continuing(next, positions),
                    running.stream().map(caches::get).toArray(KeyValueCache[]::new));
            int row = 0;
            for (int j = 0; j < next.length; j++) {
                int i = running.get(j);
                assertRows(
                        y.get(NDArrayIndex.interval(row, row + next[j].length), NDArrayIndex.all()),
                        network.predict(Sequences.of(ids[i])),
                        from[i]);
                row += next[j].length;
                from[i] += next[j].length;
            }
        }
    }

    @Test
    void dropsTokensThatOtherLayersComputed() {
        Network network = Decoders.of(Decoders.Family.LLAMA, 3, DataType.DOUBLE, 40);
        Pass pass = network.newInferencePass();
        KeyValueCache cache = cache(network, 20);
        forward(pass, network, Sequences.of(ids(5)), cache);
        cache.use(ORIGINAL, false);
        assertThat(cache.length()).isEqualTo(5);
        Parameter parameter = network.parameters().get(1);
        parameter.setTrainable(false);
        cache.use(ORIGINAL, false);
        assertThat(cache.length()).as("frozen").isEqualTo(5);
        parameter.setTrainable(true);
        cache.use(ORIGINAL, false);
        assertThat(cache.length()).as("unfrozen").isZero();
        forward(pass, network, Sequences.of(ids(5)), cache);
        parameter.weight().noteWrite();
        cache.use(ORIGINAL, false);
        assertThat(cache.length()).as("written to").isZero();
        cache.use(ORIGINAL, true);
        forward(pass, network, Sequences.of(ids(5)), cache);
        cache.use(ORIGINAL, true);
        assertThat(cache.length()).isEqualTo(5);
        parameter.value().putScalar(0, 0.25);
        cache.use(ORIGINAL, true);
        assertThat(cache.length()).as("written to by others").isZero();
        forward(pass, network, Sequences.of(ids(5)), cache);
        WeightedLayer changed = network.weightedLayers().get(2);
        Parameter copy =
                new Parameter("copy", changed.weight().dup(changed.weight().ordering()), false);
        EffectiveLayers other = layer -> layer == changed
                ? new org.lora4j.nn.parametrization.internal.EffectiveLinear(copy, null, List.of())
                : layer.original();
        cache.use(other, true);
        assertThat(cache.length()).as("other layers").isZero();
    }

    @Test
    void passesRefuseACacheOfOtherLayers() {
        Network network = Decoders.of(Decoders.Family.LLAMA, 3, DataType.DOUBLE, 40);
        KeyValueCache cache = new KeyValueCache(network.stack(), 20);
        assertThatIllegalStateException()
                .isThrownBy(() -> forward(network.newInferencePass(), network, Sequences.of(ids(5)), cache))
                .withMessageContaining("must be of the layers that compute, found one of other adapters");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> forward(network.newInferencePass(), network, Sequences.of(ids(5), ids(3)), cache))
                .withMessage("each of the 2 sequences must have a cache, found 1");
    }

    @Test
    void growsUpToItsLimit() {
        Network network = Decoders.of(Decoders.Family.GPT2, 3, DataType.DOUBLE, 90);
        Pass pass = network.newInferencePass();
        assertThat(KeyValueCache.bytesPerToken(network.stack())).isEqualTo(2 * 2 * 2 * 4 * 8);
        KeyValueCache cache = cache(network, 70);
        assertThat(cache.bytes()).isZero();
        forward(pass, network, Sequences.of(ids(3)), cache);
        assertThat(cache.bytes()).isEqualTo(16 * 256);
        forward(pass, network, Sequences.continuing(new int[][] {ids(30)}, new int[] {3}), cache);
        assertThat(cache.bytes()).isEqualTo(33 * 256);
        forward(pass, network, Sequences.continuing(new int[][] {ids(1)}, new int[] {33}), cache);
        assertThat(cache.bytes()).isEqualTo(66 * 256);
        assertThatIllegalStateException()
                .isThrownBy(() ->
                        forward(pass, network, Sequences.continuing(new int[][] {ids(37)}, new int[] {34}), cache))
                .withMessage(
                        "a cache of keys and values must hold at most 70 tokens, found 71; use a larger one or fewer"
                                + " tokens");
        assertThat(cache.length()).isEqualTo(34);
        forward(pass, network, Sequences.continuing(new int[][] {ids(36)}, new int[] {34}), cache);
        assertThat(cache.bytes()).isEqualTo(70 * 256);
        cache.truncate(4);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.truncate(5))
                .withMessage("a cache of 4 tokens must keep some of them, found 5");
    }

    @Test
    void truncatedTokensAreNotSeen() {
        Network network = Decoders.of(Decoders.Family.QWEN3, 8, DataType.DOUBLE, 40);
        Pass pass = network.newInferencePass();
        KeyValueCache cache = cache(network, 40);
        int[] ids = ids(12);
        int[] other = ids(20);
        System.arraycopy(ids, 0, other, 0, 6);
        forward(pass, network, Sequences.of(other), cache);
        cache.truncate(6);
        INDArray rest = forward(
                pass,
                network,
                Sequences.continuing(new int[][] {Arrays.copyOfRange(ids, 6, 12)}, new int[] {6}),
                cache);
        assertRows(rest, network.predict(Sequences.of(ids)), 6);
    }

    /** In blocks of two tokens, copied after every four, so that a window of 4 holds what it needs. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void goesOnWithTheBitsOfBlocks(Decoders.Family family) {
        Network network = Decoders.of(family, 6, DataType.FLOAT, 60);
        Pass pass = network.newInferencePass();
        KeyValueCache cache = cache(network, 60);
        int[] ids = ids(50);
        List<CacheBlock> blocks = new ArrayList<>();
        for (int from = 0; from < 24; from += 4) {
            int[] next = Arrays.copyOfRange(ids, from, from + 4);
            forward(pass, network, Sequences.continuing(new int[][] {next}, new int[] {from}), cache);
            blocks.add(cache.copy(from, from + 2));
            blocks.add(cache.copy(from + 2, from + 4));
        }
        assertThat(blocks.stream().mapToLong(CacheBlock::bytes).sum())
                .isEqualTo(24 * KeyValueCache.bytesPerToken(network.stack()));
        KeyValueCache other = cache(network, 60);
        assertThat(other.append(blocks.subList(0, 6), 0, 2, 30)).isEqualTo(12);
        assertThat(other.append(blocks.subList(3, 12), 6, 2, 30)).isEqualTo(24);
        assertThat(other.append(blocks, 0, 2, 30)).isEqualTo(24);
        assertThat(other.version()).isEqualTo(cache.version());
        for (int size : List.of(7, 1, 5)) {
            int from = cache.length();
            Sequences next =
                    Sequences.continuing(new int[][] {Arrays.copyOfRange(ids, from, from + size)}, new int[] {from});
            assertThat(Samples.bits(forward(pass, network, next, other)))
                    .isEqualTo(Samples.bits(forward(pass, network, next, cache)));
        }
    }

    /** The first layer sees 3 tokens before its own. */
    @Test
    void doesNotGoOnWithBlocksThatAWindowHasLeft() {
        Network network = Decoders.of(Decoders.Family.GEMMA, 8, DataType.DOUBLE, 60);
        Pass pass = network.newInferencePass();
        KeyValueCache cache = cache(network, 60);
        int[] ids = ids(40);
        forward(pass, network, Sequences.of(Arrays.copyOf(ids, 20)), cache);
        List<CacheBlock> blocks = new ArrayList<>();
        for (int from = 0; from < 20; from += 2) {
            blocks.add(cache.copy(from, from + 2));
        }
        KeyValueCache other = cache(network, 60);
        assertThat(other.append(blocks.subList(0, 9), 0, 2, 30))
                .as("16 and 17 are held")
                .isZero();
        assertThat(other.append(blocks, 0, 2, 30)).isEqualTo(20);
        int[] rest = Arrays.copyOfRange(ids, 20, 40);
        assertRows(
                forward(pass, network, Sequences.continuing(new int[][] {rest}, new int[] {20}), other),
                network.predict(Sequences.of(ids)),
                20);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.copy(19, 21))
                .withMessage("a cache of 20 tokens must have those that are copied, found 19 to 21");
    }

    /** A window of 4 tokens and one of all: a token that was left out cannot be seen again. */
    @Test
    void aWindowHoldsWhatItsLastTokenSees() {
        Network network = Decoders.of(Decoders.Family.GEMMA, 8, DataType.DOUBLE, 40);
        Pass pass = network.newInferencePass();
        KeyValueCache cache = cache(network, 40);
        int[] ids = ids(30);
        assertThat(cache.truncate(0)).isZero();
        forward(pass, network, Sequences.of(Arrays.copyOf(ids, 4)), cache);
        assertThat(cache.truncate(1)).as("nothing was left out").isEqualTo(1);
        for (int from = 1; from < 12; from++) {
            continueFrom(pass, network, ids, from, from + 1, cache);
        }
        assertThat(cache.truncate(11))
                .as("the last token may be computed again")
                .isEqualTo(11);
        continueFrom(pass, network, ids, 11, 20, cache);
        assertThat(cache.truncate(19)).isEqualTo(19);
        assertThat(cache.truncate(18)).as("its first token was left out").isZero();
        assertRows(forward(pass, network, Sequences.of(ids), cache), network.predict(Sequences.of(ids)), 0);
    }

    private static void continueFrom(Pass pass, Network network, int[] ids, int from, int to, KeyValueCache cache) {
        INDArray next = forward(
                pass,
                network,
                Sequences.continuing(new int[][] {Arrays.copyOfRange(ids, from, to)}, new int[] {from}),
                cache);
        assertRows(next, network.predict(Sequences.of(Arrays.copyOf(ids, to))), from);
    }

    @Test
    void aWindowCostsItsTokens() {
        Network network = Decoders.of(Decoders.Family.GEMMA, 8, DataType.DOUBLE, 300);
        List<SelfAttention> attentions = new ArrayList<>();
        network.layers()
                .forEach(layer -> layer.children().forEach(child -> {
                    if (child instanceof SelfAttention attention) {
                        attentions.add(attention);
                    }
                }));
        KeyValueCache cache = cache(network, 300);
        forward(network.newInferencePass(), network, Sequences.of(ids(250)), cache);
        long expected = 0;
        for (SelfAttention attention : attentions) {
            expected += Math.min(250, (long) attention.window() + 1)
                    * 2
                    * attention.keyValueHeads()
                    * attention.headSize()
                    * Double.BYTES;
        }
        assertThat(attentions.get(0).window()).isEqualTo(3);
        assertThat(cache.bytes()).isEqualTo(expected);
    }

    /** What a computation that failed has written takes the place of tokens that are needed again. */
    @Test
    void dropsATextWhoseWindowWasOverwritten() {
        Network network = Decoders.of(Decoders.Family.GEMMA, 8, DataType.DOUBLE, 40);
        Pass pass = network.newInferencePass();
        KeyValueCache cache = cache(network, 40);
        int[] ids = ids(10);
        forward(pass, network, Sequences.of(ids), cache);
        cache.use(ORIGINAL, false);
        assertThat(cache.length()).isEqualTo(10);
        cache.begin(ORIGINAL, 1);
        cache.use(ORIGINAL, false);
        assertThat(cache.length())
                .as("one token leaves out what only those before it see")
                .isEqualTo(10);
        cache.begin(ORIGINAL, 2);
        cache.use(ORIGINAL, false);
        assertThat(cache.length()).isZero();
    }

    @Test
    void computesFloatsToRounding() {
        Network network = Decoders.of(Decoders.Family.LLAMA, 8, DataType.FLOAT, 40);
        Pass pass = network.newInferencePass();
        KeyValueCache cache = cache(network, 40);
        int[] ids = ids(40);
        INDArray all = network.predict(Sequences.of(ids));
        for (int i = 0; i < 40; i++) {
            INDArray y = forward(pass, network, Sequences.continuing(new int[][] {{ids[i]}}, new int[] {i}), cache);
            assertThat(Samples.bits(y))
                    .containsExactly(all.getRow(i).dup().data().asDouble(), within(2e-5));
        }
    }
}
