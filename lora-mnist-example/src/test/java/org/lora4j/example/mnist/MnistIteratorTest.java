package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIndexOutOfBoundsException;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

class MnistIteratorTest {
    /** 83 images, of which 23 show a nine: those with the indices 0 to 22. */
    private static final int NINES = 23;

    private static final int SIZE = 83;

    private static MnistData data() throws IOException {
        return TestData.numbered(
                IntStream.range(0, SIZE).map(i -> i < NINES ? 9 : i % 9).toArray());
    }

    /** The indices of the images of a batch, by their pixels. */
    private static List<Integer> indices(DataSet batch) {
        return Stream.of(batch.getFeatures().toFloatMatrix())
                .map(row -> Math.round((row[0] * MnistData.STANDARD_DEVIATION + MnistData.MEAN) * 255))
                .toList();
    }

    private static List<List<Integer>> epoch(MnistIterator iterator) {
        List<List<Integer>> batches = new ArrayList<>();
        while (iterator.hasNext()) {
            batches.add(indices(iterator.next()));
        }
        iterator.reset();
        return batches;
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
        MnistIterator iterator = MnistIterator.inOrder(data(), 10);

        assertThat(flat(epoch(iterator))).isEqualTo(range(0, SIZE));
        assertThat(flat(epoch(iterator))).isEqualTo(range(0, SIZE));
    }

    @Test
    void givesEachChosenImageOncePerEpoch() throws IOException {
        int[] chosen = {1, 3, 5, 7, 11, 13, 82};
        MnistIterator iterator = MnistIterator.shuffled(data(), chosen, 3, 0);

        for (int epoch = 0; epoch < 3; epoch++) {
            assertThat(flat(epoch(iterator))).containsExactlyInAnyOrder(1, 3, 5, 7, 11, 13, 82);
        }
    }

    @Test
    void endsAnEpochWithAShortBatch() throws IOException {
        MnistIterator iterator = MnistIterator.shuffled(data(), data().indices(), 10, 0);

        assertThat(epoch(iterator)).extracting(List::size).containsExactly(10, 10, 10, 10, 10, 10, 10, 10, 3);
    }

    @Test
    void shufflesAnewInEachEpoch() throws IOException {
        MnistIterator iterator = MnistIterator.shuffled(data(), data().indices(), 10, 0);
        List<List<Integer>> first = epoch(iterator);

        assertThat(flat(first)).isNotEqualTo(range(0, SIZE));
        assertThat(epoch(iterator)).isNotEqualTo(first);
    }

    @Test
    void repeatsItselfWithTheSameSeedOnly() throws IOException {
        MnistIterator one = MnistIterator.ofDigit(data(), 9, 10, 0.5, 7);
        MnistIterator same = MnistIterator.ofDigit(data(), 9, 10, 0.5, 7);
        MnistIterator other = MnistIterator.ofDigit(data(), 9, 10, 0.5, 8);

        List<List<Integer>> first = epoch(one);
        assertThat(epoch(same)).isEqualTo(first);
        assertThat(epoch(other)).isNotEqualTo(first);
        assertThat(epoch(same)).isEqualTo(epoch(one));
    }

    @Test
    void needlessResetChangesNothing() throws IOException {
        MnistIterator plain = MnistIterator.shuffled(data(), data().indices(), 10, 3);
        MnistIterator reset = MnistIterator.shuffled(data(), data().indices(), 10, 3);
        reset.reset();

        assertThat(epoch(reset)).isEqualTo(epoch(plain));
    }

    @Test
    void resetInTheMiddleStartsAFullEpoch() throws IOException {
        MnistIterator iterator = MnistIterator.shuffled(data(), data().indices(), 10, 3);
        iterator.next();
        iterator.reset();

        assertThat(flat(epoch(iterator))).containsExactlyInAnyOrderElementsOf(range(0, SIZE));
    }

    @Test
    void normalisesPixelsAndMarksTheLabel() throws IOException {
        DataSet batch = MnistIterator.inOrder(TestData.numbered(4, 0, 9), 3).next();

        assertThat(batch.getFeatures().dataType()).isEqualTo(DataType.FLOAT);
        assertThat(batch.getFeatures().ordering()).isEqualTo('c');
        assertThat(batch.getFeatures().shape()).containsExactly(3, 2);
        assertThat(batch.getFeatures().getDouble(0, 0)).isCloseTo(-0.42421296, within(1e-7));
        assertThat(batch.getFeatures().getDouble(2, 1)).isCloseTo((2 / 255.0 - 0.1307) / 0.3081, within(1e-7));
        assertThat(batch.getLabels().dataType()).isEqualTo(DataType.FLOAT);
        assertThat(batch.getLabels().ordering()).isEqualTo('c');
        assertThat(batch.getLabels().toFloatMatrix()).isDeepEqualTo(new float[][] {
            {0, 0, 0, 0, 1, 0, 0, 0, 0, 0},
            {1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
            {0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
        });
    }

    @Test
    void givesEachBatchArraysOfItsOwn() throws IOException {
        MnistIterator iterator = MnistIterator.inOrder(data(), 10);
        DataSet first = iterator.next();
        iterator.next();

        assertThat(indices(first)).isEqualTo(range(0, 10));
    }

    @Test
    void givesTheDigitAloneWithoutReplay() throws IOException {
        MnistIterator alone = MnistIterator.ofDigit(data(), 9, 10, 0, 5);
        List<List<Integer>> epoch = epoch(alone);

        assertThat(epoch).extracting(List::size).containsExactly(10, 10, 3);
        assertThat(flat(epoch)).containsExactlyInAnyOrderElementsOf(range(0, NINES));
        assertThat(epoch).isEqualTo(epoch(MnistIterator.shuffled(data(), data().indicesOf(9), 10, 5)));
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
        List<List<Integer>> epoch = epoch(MnistIterator.ofDigit(data(), 9, batchSize, share, 1));

        assertThat(nines(epoch)).containsExactlyInAnyOrderElementsOf(range(0, NINES));
        assertThat(epoch.subList(0, epoch.size() - 1)).allSatisfy(batch -> {
            assertThat(batch).hasSize(batchSize);
            assertThat(batch.stream().filter(i -> i >= NINES)).hasSize(others);
        });
    }

    @Test
    void keepsTheShareInTheShortBatch() throws IOException {
        List<List<Integer>> epoch = epoch(MnistIterator.ofDigit(data(), 9, 8, 0.5, 1));

        List<Integer> last = epoch.get(epoch.size() - 1);
        assertThat(epoch).hasSize(6);
        assertThat(last).hasSize(6);
        assertThat(last.stream().filter(i -> i >= NINES)).hasSize(3);
    }

    @Test
    void shareDoesNotChangeTheOrderOfTheDigit() throws IOException {
        MnistIterator alone = MnistIterator.ofDigit(data(), 9, 10, 0, 1);
        MnistIterator mixed = MnistIterator.ofDigit(data(), 9, 10, 0.5, 1);

        assertThat(nines(epoch(mixed))).isEqualTo(nines(epoch(alone)));
        assertThat(nines(epoch(mixed))).isEqualTo(nines(epoch(alone)));
    }

    @Test
    void replaysEveryOtherImageBeforeAnyComesAgain() throws IOException {
        MnistIterator iterator = MnistIterator.ofDigit(data(), 9, 10, 0.5, 1);
        List<Integer> replayed = new ArrayList<>();
        while (replayed.size() < 3 * (SIZE - NINES)) {
            flat(epoch(iterator)).stream().filter(i -> i >= NINES).forEach(replayed::add);
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
    void givesAsManyAsAskedFor() throws IOException {
        MnistIterator iterator = MnistIterator.inOrder(data(), 10);

        assertThat(indices(iterator.next(4))).isEqualTo(range(0, 4));
        assertThat(indices(iterator.next())).isEqualTo(range(4, 14));
        assertThat(indices(iterator.next(1000))).isEqualTo(range(14, SIZE));
        assertThat(iterator.hasNext()).isFalse();
    }

    @Test
    void refusesToGoOnAfterTheEndOfAnEpoch() throws IOException {
        MnistIterator iterator = MnistIterator.inOrder(data(), SIZE);
        iterator.next();

        assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(iterator::next);
    }

    @Test
    void describesItself() throws IOException {
        MnistIterator iterator = MnistIterator.inOrder(data(), 10);

        assertThat(iterator.batch()).isEqualTo(10);
        assertThat(iterator.inputColumns()).isEqualTo(2);
        assertThat(iterator.totalOutcomes()).isEqualTo(10);
        assertThat(iterator.getLabels()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(iterator.resetSupported()).isTrue();
        assertThat(iterator.asyncSupported()).isFalse();
        assertThat(iterator.getPreProcessor()).isNull();
    }

    @Test
    void appliesThePreProcessor() throws IOException {
        MnistIterator iterator = MnistIterator.inOrder(data(), 10);
        iterator.setPreProcessor(batch -> batch.getFeatures().assign(42));

        assertThat(iterator.next().getFeatures().meanNumber().doubleValue()).isEqualTo(42);
        assertThat(iterator.getPreProcessor()).isNotNull();

        iterator.setPreProcessor(null);

        assertThat(indices(iterator.next())).isEqualTo(range(10, 20));
    }

    @Test
    void refusesToBeSerialised() throws IOException {
        MnistIterator iterator = MnistIterator.inOrder(data(), 10);
        try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
            assertThatExceptionOfType(NotSerializableException.class).isThrownBy(() -> out.writeObject(iterator));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
    void refusesAShareOutsideItsRange(double share) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MnistIterator.ofDigit(data(), 9, 10, share, 0))
                .withMessage("the share of replayed images must be in [0, 1), found " + share);
    }

    @Test
    void refusesBatchesWithoutImages() throws IOException {
        MnistData data = data();
        MnistIterator iterator = MnistIterator.inOrder(data, 10);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> MnistIterator.inOrder(data, 0))
                .withMessage("the batch size must be at least 1, found 0");
        assertThatIllegalArgumentException().isThrownBy(() -> iterator.next(0));
    }

    @Test
    void refusesIndicesThatAreNone() throws IOException {
        MnistData data = data();

        assertThatIllegalArgumentException().isThrownBy(() -> MnistIterator.shuffled(data, new int[0], 10, 0));
        assertThatIndexOutOfBoundsException().isThrownBy(() -> MnistIterator.shuffled(data, new int[] {SIZE}, 10, 0));
    }

    @Test
    void refusesADigitWithoutImagesAndReplayWithoutOthers() throws IOException {
        MnistData nines = TestData.numbered(9, 9, 9);

        assertThatIllegalArgumentException().isThrownBy(() -> MnistIterator.ofDigit(nines, 1, 10, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> MnistIterator.ofDigit(nines, 9, 10, 0.5, 0));
        assertThat(flat(epoch(MnistIterator.ofDigit(nines, 9, 10, 0, 0)))).hasSize(3);
    }
}
