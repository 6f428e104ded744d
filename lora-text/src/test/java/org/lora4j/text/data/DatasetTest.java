package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DatasetTest {
    private static final List<Integer> NUMBERS =
            IntStream.range(0, 10_000).boxed().toList();
    private static final Dataset<Integer> DATA = Dataset.of(NUMBERS);

    private static <T> List<T> list(Dataset<T> data) {
        return DataFilesTest.list(data);
    }

    @Test
    void aSplitHasEachElementOnceAndIsTheSameAgain() {
        Split<Integer> split = DATA.split(7, 0.2);
        List<Integer> train = list(split.train());
        List<Integer> test = list(split.test());
        assertThat(train).doesNotContainAnyElementsOf(test);
        assertThat(train.size() + test.size()).isEqualTo(10_000);
        // Four standard deviations of a binomial distribution.
        assertThat(test.size()).isBetween(1840, 2160);
        assertThat(list(DATA.split(7, 0.2).test())).isEqualTo(test);
        assertThat(list(DATA.split(8, 0.2).test())).isNotEqualTo(test);
        assertThat(list(Dataset.of(NUMBERS.subList(0, 5000)).split(7, 0.2).test()))
                .isEqualTo(test.stream().filter(i -> i < 5000).toList());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DATA.split(1, 1))
                .withMessage("testShare must be above 0 and below 1, found 1.0");
    }

    @Test
    void aGroupIsInOnePart() {
        Split<Integer> split = DATA.splitBy(i -> "customer " + i % 500, 7, 0.3);
        Set<Integer> train = list(split.train().map(i -> i % 500)).stream().collect(Collectors.toSet());
        Set<Integer> test = list(split.test().map(i -> i % 500)).stream().collect(Collectors.toSet());
        assertThat(train).doesNotContainAnyElementsOf(test);
        assertThat(train.size() + test.size()).isEqualTo(500);
        assertThat(test.size()).isBetween(109, 191);
    }

    @Test
    void eachEpochHasAnOrderOfItsOwn() {
        List<Integer> first = list(DATA.shuffled(7, 0, 1000));
        assertThat(first).containsExactlyInAnyOrderElementsOf(NUMBERS).isNotEqualTo(NUMBERS);
        assertThat(list(DATA.shuffled(7, 0, 1000))).isEqualTo(first);
        assertThat(list(DATA.shuffled(7, 1, 1000))).isNotEqualTo(first);
        assertThat(list(DATA.shuffled(7, 0, 1))).isEqualTo(NUMBERS);
    }

    /** The six orders of three elements, each a sixth of 6000 epochs: four standard deviations are 116. */
    @Test
    void aBufferThatHoldsAllMakesEachOrderEquallyLikely() {
        Dataset<Integer> three = Dataset.of(List.of(0, 1, 2));
        TreeMap<String, Integer> counts = new TreeMap<>();
        for (int epoch = 0; epoch < 6000; epoch++) {
            counts.merge(list(three.shuffled(3, epoch, 3)).toString(), 1, Integer::sum);
        }
        assertThat(counts).hasSize(6);
        assertThat(counts.values()).allSatisfy(count -> assertThat(count).isBetween(884, 1116));
    }

    @Test
    void batchesByLengthHaveSimilarLengths() {
        Dataset<Integer> lengths = DATA.map(i -> (i * 7919) % 503);
        List<List<Integer>> batches = list(lengths.batchesByLength(10, 100, i -> i, 5));
        assertThat(batches).hasSize(1000);
        assertThat(batches.stream().flatMap(List::stream).toList()).containsExactlyInAnyOrderElementsOf(list(lengths));
        assertThat(batches.stream().mapToInt(DatasetTest::spread).average().orElseThrow())
                .isLessThan(10);
        assertThat(batches.stream().map(batch -> batch.get(0)).toList())
                .isNotEqualTo(
                        batches.stream().map(batch -> batch.get(0)).sorted().toList());
        assertThat(list(lengths.batchesByLength(10, 100, i -> i, 5))).isEqualTo(batches);
    }

    private static int spread(List<Integer> batch) {
        return batch.stream().max(Comparator.naturalOrder()).orElseThrow()
                - batch.stream().min(Comparator.naturalOrder()).orElseThrow();
    }

    @Test
    void filtersMapsAndCuts() {
        assertThat(list(DATA.filter(i -> i % 3000 == 0).map(i -> i / 1000).batches(3)))
                .containsExactly(List.of(0, 3, 6), List.of(9));
        assertThatIllegalArgumentException().isThrownBy(() -> DATA.batches(0));
    }

    @Test
    void anIteratorEnds() {
        Iterator<Integer> one = Dataset.of(List.of(1)).iterator();
        assertThat(one.next()).isOne();
        assertThat(one.hasNext()).isFalse();
        assertThatThrownBy(one::next).isInstanceOf(NoSuchElementException.class);
    }
}
