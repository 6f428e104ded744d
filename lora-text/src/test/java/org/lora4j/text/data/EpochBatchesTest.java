package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.input.Sequences;
import org.lora4j.train.Batch;

class EpochBatchesTest {
    private final List<int[]> made = new ArrayList<>();

    private EpochBatches batches(long seed) {
        return new EpochBatches(10, 4, seed, indices -> {
            made.add(indices);
            return new Batch(Sequences.of(new int[][] {indices}), null);
        });
    }

    private int[] epoch(EpochBatches batches) {
        made.clear();
        batches.forEach(batch -> {});
        assertThat(made).extracting(indices -> indices.length).containsExactly(4, 4, 2);
        return made.stream().flatMapToInt(Arrays::stream).toArray();
    }

    @Test
    void eachEpochHasAllExamplesInAnOrderOfItsOwn() {
        EpochBatches batches = batches(1);
        int[] first = epoch(batches);
        int[] second = epoch(batches);
        assertThat(first)
                .containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
                .isNotEqualTo(second);
        assertThat(second).containsExactlyInAnyOrder(first);
        assertThat(epoch(batches(1))).isEqualTo(first);
        assertThat(epoch(batches(2))).isNotEqualTo(first);
    }

    @Test
    void makesABatchWhenItIsAskedFor() {
        Iterator<Batch> batches = batches(1).iterator();
        assertThat(made).isEmpty();
        batches.next();
        assertThat(made).hasSize(1);
    }

    /** Of 24 examples, three at a time have the same first text and two the same second one. */
    private static List<String> texts(int example) {
        return List.of("first " + example % 8, "second " + example / 2);
    }

    private static boolean shares(Collection<Integer> batch) {
        List<String> texts =
                batch.stream().flatMap(example -> texts(example).stream()).toList();
        return Set.copyOf(texts).size() < texts.size();
    }

    private static Batch batch(int... indices) {
        return new Batch(Sequences.of(new int[][] {indices}), null);
    }

    private static List<List<Integer>> indices(EpochBatches batches, List<int[]> made) {
        made.clear();
        batches.forEach(batch -> {});
        return made.stream().map(some -> Arrays.stream(some).boxed().toList()).toList();
    }

    @Test
    void noTextStandsTwiceInABatch() {
        EpochBatches distinct = EpochBatches.distinct(24, 4, 3, EpochBatchesTest::texts, some -> {
            made.add(some);
            return batch(some);
        });
        EpochBatches plain = new EpochBatches(24, 4, 3, some -> {
            made.add(some);
            return batch(some);
        });
        int shared = 0;
        for (int epoch = 0; epoch < 5; epoch++) {
            List<List<Integer>> batches = indices(distinct, made);
            assertThat(batches).hasSize(6).allMatch(batch -> batch.size() == 4);
            assertThat(batches.stream().flatMap(List::stream))
                    .doesNotHaveDuplicates()
                    .hasSize(24);
            // The last batch takes what is left.
            assertThat(batches.subList(0, 5)).noneMatch(EpochBatchesTest::shares);
            shared += (int) indices(plain, made).stream()
                    .filter(EpochBatchesTest::shares)
                    .count();
        }
        assertThat(shared)
                .as("batches in which chance brought equal texts together")
                .isGreaterThan(5);
    }

    @Test
    void withoutEqualTextsTheBatchesAreThoseOfChance() {
        EpochBatches distinct = EpochBatches.distinct(10, 4, 1, i -> List.of("text " + i), some -> {
            made.add(some);
            return batch(some);
        });
        assertThat(epoch(distinct)).isEqualTo(epoch(batches(1)));
        assertThat(epoch(distinct)).isNotEqualTo(epoch(batches(1)));
    }

    /** If all examples have one text, they come in their order, with as many batches. */
    @Test
    void equalTextsThatCannotBePartedComeTogether() {
        EpochBatches distinct = EpochBatches.distinct(10, 4, 1, i -> List.of("the same"), some -> {
            made.add(some);
            return batch(some);
        });
        assertThat(epoch(distinct)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    }

    @Test
    void aDataSetHasSuchBatchesToo() {
        Dataset<Integer> examples = Dataset.of(List.of(0, 1, 8, 2, 16, 4, 6));
        Dataset<List<Integer>> batches = examples.distinctBatches(3, EpochBatchesTest::texts);
        for (int pass = 0; pass < 2; pass++) {
            // 0, 8 and 16 have the same first text, 0 and 1 the same second one.
            assertThat(batches.stream().toList()).containsExactly(List.of(0, 2, 4), List.of(1, 8, 6), List.of(16));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> examples.distinctBatches(0, EpochBatchesTest::texts));
    }
}
