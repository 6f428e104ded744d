package org.lora4j.example.mnist.data;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class MnistBatchesTest {
    /** 83 images, of which 23 show a nine: those with the indices 0 to 22. */
    private static final int NINES = 23;

    private static final int SIZE = 83;

    private static MnistData data() throws IOException {
        return TestData.numbered(
                IntStream.range(0, SIZE).map(i -> i < NINES ? 9 : i % 9).toArray());
    }

    private static INDArray features(Batch batch) {
        return ((FeatureRows) batch.input()).array();
    }

    /** The indices of the images of a batch, by their pixels. */
    private static List<Integer> indices(Batch batch) {
        return Stream.of(features(batch).toFloatMatrix())
                .map(row -> Math.round((row[0] * MnistData.STANDARD_DEVIATION + MnistData.MEAN) * 255))
                .toList();
    }

    private static List<List<Integer>> epoch(MnistBatches batches) {
        List<List<Integer>> epoch = new ArrayList<>();
        batches.forEach(batch -> epoch.add(indices(batch)));
        return epoch;
    }

    private static List<Integer> flat(List<List<Integer>> batches) {
        return batches.stream().flatMap(List::stream).toList();
    }

    private static List<Integer> nines(List<List<Integer>> batches) {
        return flat(batches).stream().filter(i -> i < NINES).toList();
    }

    private static List<Integer> range(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    @Test
    void givesTestImagesInTheirOrderInEachEpoch() throws IOException {
        MnistBatches batches = MnistBatches.inOrder(data(), 10);

        assertThat(flat(epoch(batches))).isEqualTo(range(0, SIZE));
        assertThat(flat(epoch(batches))).isEqualTo(range(0, SIZE));
    }

    @Test
    void givesEachChosenImageOncePerEpoch() throws IOException {
        MnistBatches batches = MnistBatches.ofDigit(data(), 9, 3, 0);

        for (int epoch = 0; epoch < 3; epoch++) {
            assertThat(flat(epoch(batches))).containsExactlyInAnyOrderElementsOf(range(0, NINES));
        }
    }

    @Test
    void endsAnEpochWithAShortBatch() throws IOException {
        MnistBatches batches = MnistBatches.shuffled(data(), 10, 0);

        assertThat(epoch(batches)).extracting(List::size).containsExactly(10, 10, 10, 10, 10, 10, 10, 10, 3);
    }

    @Test
    void shufflesAnewInEachEpoch() throws IOException {
        MnistBatches batches = MnistBatches.shuffled(data(), 10, 0);
        List<List<Integer>> first = epoch(batches);

        assertThat(flat(first)).isNotEqualTo(range(0, SIZE));
        assertThat(epoch(batches)).isNotEqualTo(first);
    }

    @Test
    void repeatsItselfWithTheSameSeedOnly() throws IOException {
        MnistBatches one = MnistBatches.ofDigit(data(), 9, 10, 0.5, 7);
        MnistBatches same = MnistBatches.ofDigit(data(), 9, 10, 0.5, 7);
        MnistBatches other = MnistBatches.ofDigit(data(), 9, 10, 0.5, 8);

        List<List<Integer>> first = epoch(one);
        assertThat(epoch(same)).isEqualTo(first);
        assertThat(epoch(other)).isNotEqualTo(first);
        assertThat(epoch(same)).isEqualTo(epoch(one));
    }

    @Test
    void hasTheOrdersOfEarlierReleasesForASeed() throws IOException {
        MnistBatches all = MnistBatches.shuffled(data(), 10, 3);
        MnistBatches nines = MnistBatches.ofDigit(data(), 9, 10, 0.5, 7);

        assertThat(flat(epoch(all))).startsWith(46, 41, 78, 11, 23, 27, 79, 1, 77, 6, 37, 51);
        assertThat(flat(epoch(all))).startsWith(24, 41, 73, 23, 49, 52, 18, 80, 72, 66, 57, 46);
        assertThat(flat(epoch(nines))).startsWith(0, 2, 6, 12, 19, 33, 76, 70, 64, 48, 7, 20, 8, 11, 21, 36, 45, 34);
        assertThat(flat(epoch(nines))).startsWith(5, 13, 2, 22, 20, 37, 46, 51, 26, 56, 3, 19, 18, 7, 9, 24, 58, 73);
    }

    @Test
    void eachIteratorIsAFullEpochWhateverTheOthersReturned() throws IOException {
        MnistBatches batches = MnistBatches.shuffled(data(), 10, 3);
        Iterator<Batch> first = batches.iterator();
        List<Integer> begun = new ArrayList<>(indices(first.next()));

        assertThat(flat(epoch(batches))).containsExactlyInAnyOrderElementsOf(range(0, SIZE));

        first.forEachRemaining(batch -> begun.addAll(indices(batch)));
        assertThat(begun).containsExactlyInAnyOrderElementsOf(range(0, SIZE));
    }

    @Test
    void normalizesPixelsAndMarksTheLabel() throws IOException {
        Batch batch =
                MnistBatches.inOrder(TestData.numbered(4, 0, 9), 3).iterator().next();

        assertThat(features(batch).dataType()).isEqualTo(DataType.FLOAT);
        assertThat(features(batch).ordering()).isEqualTo('c');
        assertThat(features(batch).shape()).containsExactly(3, 2);
        assertThat(features(batch).getDouble(0, 0)).isCloseTo(-0.42421296, within(1e-7));
        assertThat(features(batch).getDouble(2, 1)).isCloseTo((2 / 255.0 - 0.1307) / 0.3081, within(1e-7));
        assertThat(requireNonNull(batch.labels()).dataType()).isEqualTo(DataType.FLOAT);
        assertThat(requireNonNull(batch.labels()).ordering()).isEqualTo('c');
        assertThat(requireNonNull(batch.labels()).toFloatMatrix()).isDeepEqualTo(new float[][] {
            {0, 0, 0, 0, 1, 0, 0, 0, 0, 0},
            {1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
            {0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
        });
    }

    @Test
    void givesEachBatchArraysOfItsOwn() throws IOException {
        Iterator<Batch> iterator = MnistBatches.inOrder(data(), 10).iterator();
        Batch first = iterator.next();
        iterator.next();

        assertThat(indices(first)).isEqualTo(range(0, 10));
    }

    @Test
    void givesTheDigitAloneWithoutReplay() throws IOException {
        MnistBatches alone = MnistBatches.ofDigit(data(), 9, 10, 5);
        List<List<Integer>> epoch = epoch(alone);

        assertThat(epoch).extracting(List::size).containsExactly(10, 10, 3);
        assertThat(flat(epoch)).containsExactlyInAnyOrderElementsOf(range(0, NINES));
        assertThat(epoch).isEqualTo(epoch(MnistBatches.ofDigit(data(), 9, 10, 0, 5)));
    }

    @ParameterizedTest(name = "share {0} in batches of {1}: {2} of other digits")
    @CsvSource({
        "0.5, 10, 5",
        "0.3, 10, 3",
        "0.04, 10, 0",
        "0.05, 10, 1",
        "0.9, 10, 9",
        "0.99, 10, 9",
        "0.5, 3, 2",
        "0.5, 1, 0"
    })
    void mixesTheShareOfOtherDigitsIntoEachBatch(double share, int batchSize, int others) throws IOException {
        List<List<Integer>> epoch = epoch(MnistBatches.ofDigit(data(), 9, batchSize, share, 1));

        assertThat(nines(epoch)).containsExactlyInAnyOrderElementsOf(range(0, NINES));
        assertThat(epoch.subList(0, epoch.size() - 1)).allSatisfy(batch -> {
            assertThat(batch).hasSize(batchSize);
            assertThat(batch.stream().filter(i -> i >= NINES)).hasSize(others);
        });
    }

    @Test
    void keepsTheShareInTheShortBatch() throws IOException {
        List<List<Integer>> epoch = epoch(MnistBatches.ofDigit(data(), 9, 8, 0.5, 1));

        List<Integer> last = epoch.get(epoch.size() - 1);
        assertThat(epoch).hasSize(6);
        assertThat(last).hasSize(6);
        assertThat(last.stream().filter(i -> i >= NINES)).hasSize(3);
    }

    @Test
    void shareDoesNotChangeTheOrderOfTheDigit() throws IOException {
        MnistBatches alone = MnistBatches.ofDigit(data(), 9, 10, 0, 1);
        MnistBatches mixed = MnistBatches.ofDigit(data(), 9, 10, 0.5, 1);

        assertThat(nines(epoch(mixed))).isEqualTo(nines(epoch(alone)));
        assertThat(nines(epoch(mixed))).isEqualTo(nines(epoch(alone)));
    }

    @Test
    void replaysEveryOtherImageBeforeAnyComesAgain() throws IOException {
        MnistBatches batches = MnistBatches.ofDigit(data(), 9, 10, 0.5, 1);
        List<Integer> replayed = new ArrayList<>();
        while (replayed.size() < 3 * (SIZE - NINES)) {
            flat(epoch(batches)).stream().filter(i -> i >= NINES).forEach(replayed::add);
        }

        int others = SIZE - NINES;
        List<Integer> firstRound = replayed.subList(0, others);
        List<Integer> secondRound = replayed.subList(others, 2 * others);
        assertThat(firstRound).containsExactlyInAnyOrderElementsOf(range(NINES, SIZE));
        assertThat(secondRound)
                .containsExactlyInAnyOrderElementsOf(range(NINES, SIZE))
                .isNotEqualTo(firstRound);
    }

    @Test
    void refusesToGoOnAfterTheEndOfAnEpoch() throws IOException {
        Iterator<Batch> iterator = MnistBatches.inOrder(data(), SIZE).iterator();
        iterator.next();

        assertThat(iterator.hasNext()).isFalse();
        assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(iterator::next);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
    void refusesAShareOutsideItsRange(double share) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MnistBatches.ofDigit(data(), 9, 10, share, 0))
                .withMessage("the share of replayed images must be in [0, 1), found " + share);
    }

    @Test
    void refusesBatchesWithoutImages() throws IOException {
        MnistData data = data();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> MnistBatches.inOrder(data, 0))
                .withMessage("the batch size must be at least 1, found 0");
        assertThatIllegalArgumentException().isThrownBy(() -> MnistBatches.shuffled(data, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> MnistBatches.ofDigit(data, 9, 0, 0));
    }

    @Test
    void refusesADigitWithoutImagesAndReplayWithoutOthers() throws IOException {
        MnistData nines = TestData.numbered(9, 9, 9);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> MnistBatches.ofDigit(nines, 1, 10, 0, 0))
                .withMessage("the images must show the digit 1, none does");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MnistBatches.ofDigit(nines, 9, 10, 0.5, 0))
                .withMessage(
                        "the images must show other digits than 9 for the share 0.5 of replayed images, none does");
        assertThat(flat(epoch(MnistBatches.ofDigit(nines, 9, 10, 0, 0)))).hasSize(3);
    }
}
