package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Padding on the left, on the right and in the middle of a text, compared with plain loops over all tokens. */
@Tag("numbers")
class PaddingPositionsTest {
    private static final int PADDING = 1;

    private static void assertHiddenStates(PlainEncoder plain, Network network, int[][] ids, int[][] mask) {
        Sequences batch = Sequences.of(ids, mask, null);
        INDArray padded = batch.pad(network.predict(batch));
        for (int i = 0; i < ids.length; i++) {
            double[][] expected = plain.lastHiddenState(ids[i], mask[i]);
            for (int j = 0; j < ids[i].length; j++) {
                for (int k = 0; k < PlainEncoder.DIM && mask[i][j] == 1; k++) {
                    assertThat(padded.getDouble(i, j, k))
                            .as("sequence %d, token %d of %s", i, j, List.of(ids[i], mask[i]))
                            .isCloseTo(expected[j][k], within(1e-10));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"roberta, 1", "xlm-roberta, 1", "roberta, 0", "roberta, 3", "bert, 0", "bert, 1"})
    void hiddenStatesAreThoseOfPlainLoops(String type, int padding) throws Exception {
        PlainEncoder plain = new PlainEncoder(type, padding, 20);
        Network network = plain.model(DataType.DOUBLE).lastHiddenState();
        int p = padding;
        int[][] ids = {{p, p, 5, 9, 7}, {5, 9, 7, p, p}, {5, p, 9, 7, 4}, {p, 5, p, 9, 7}, {4, 5, 6, 9, 7}};
        int[][] mask = {{0, 0, 1, 1, 1}, {1, 1, 1, 0, 0}, {1, 1, 1, 1, 1}, {1, 1, 0, 1, 1}, {0, 1, 0, 1, 1}};
        assertHiddenStates(plain, network, ids, mask);
    }

    @Test
    @Tag("slow")
    void randomPaddingAndMasks() throws Exception {
        PlainEncoder plain = new PlainEncoder("roberta", PADDING, 14);
        Network network = plain.model(DataType.DOUBLE).lastHiddenState();
        SplittableRandom random = new SplittableRandom(4);
        for (int round = 0; round < 40; round++) {
            int[][] ids = new int[1 + random.nextInt(4)][];
            int[][] mask = new int[ids.length][];
            for (int i = 0; i < ids.length; i++) {
                int n = 1 + random.nextInt(10);
                ids[i] = random.ints(n, 0, PlainEncoder.VOCABULARY).toArray();
                mask[i] = random.ints(n, 0, 2).toArray();
                mask[i][random.nextInt(n)] = 1;
                for (int j = 0; j < n; j++) {
                    ids[i][j] = random.nextInt(3) == 0 ? PADDING : ids[i][j];
                }
            }
            assertHiddenStates(plain, network, ids, mask);
        }
    }

    @Test
    void partsAndJoinedBatchesHaveTheSamePositions() throws Exception {
        Network network =
                new PlainEncoder("roberta", PADDING, 14).model(DataType.DOUBLE).lastHiddenState();
        Sequences left =
                Sequences.of(new int[][] {{1, 1, 5, 9}, {4, 6, 1, 8}}, new int[][] {{0, 0, 1, 1}, {0, 0, 1, 1}}, null);
        Sequences right = Sequences.of(new int[][] {{7, 1, 2}}, null, null);
        Sequences joined = Sequences.concat(List.of(left, right));
        INDArray expected = Nd4j.vstack(network.predict(left), network.predict(right));
        GoldenCase.assertClose("joined", network.predict(joined), expected, 1e-12);
        List<INDArray> parts = new ArrayList<>();
        for (int i = 0; i < joined.count(); i++) {
            parts.add(network.predict(joined.part(i, i + 1)));
        }
        GoldenCase.assertClose("parts", Nd4j.vstack(parts), expected, 1e-12);
        assertThat(joined.part(0, 2)).isEqualTo(left);
    }

    @Test
    void adaptersMeetPaddingOnTheLeft() throws Exception {
        LoRAModel model = LoRAModel.of(
                new PlainEncoder("roberta", PADDING, 14).model(DataType.DOUBLE).sentenceEmbeddings());
        AdapterView view = model.add(
                "a",
                LoRAConfig.builder()
                        .targetModules("query", "position_embeddings", "word_embeddings")
                        .init(LoRAInit.random())
                        .build());
        Sequences left = Sequences.of(new int[][] {{1, 1, 5, 9}}, new int[][] {{0, 0, 1, 1}}, null);
        Sequences plain = Sequences.of(new int[] {5, 9});
        GoldenCase.assertClose("adapter", view.predict(left), view.predict(plain), 1e-12);
        GoldenCase.assertClose("merged", model.merge("a").predict(left), view.predict(plain), 1e-10);
        INDArray mixed = model.predict(Sequences.concat(List.of(left, left)), List.of("a", LoRAModel.BASE));
        GoldenCase.assertClose("mixed", mixed.getRows(0), view.predict(plain), 1e-10);
        GoldenCase.assertClose("mixed", mixed.getRows(1), model.base().predict(plain), 1e-10);
    }

    @Test
    void paddingTakesNoPosition() throws Exception {
        Network network =
                new PlainEncoder("roberta", PADDING, 6).model(DataType.DOUBLE).lastHiddenState();
        int[] mask = {0, 0, 0, 1, 1, 1, 1};
        Sequences fits = Sequences.of(new int[][] {{1, 1, 1, 5, 6, 7, 8}}, new int[][] {mask}, null);
        assertThat(network.predict(fits).size(0)).isEqualTo(5);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.predict(Sequences.of(new int[] {5, 1, 6, 7, 8, 9})))
                .withMessage(
                        "input: a sequence must have at most 4 tokens, found a token at position 4; cut the texts");
    }

    @Test
    void theTablesAgreeAboutPadding() {
        LayerNorm norm = new LayerNorm("norm", Nd4j.ones(DataType.FLOAT, 4), Nd4j.zeros(DataType.FLOAT, 4), 1e-5);
        Embedding word = new Embedding("word", Nd4j.ones(DataType.FLOAT, 9, 4), 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenEmbeddings(
                        "e", word, new Embedding("position", Nd4j.ones(DataType.FLOAT, 9, 4), 2), null, norm))
                .withMessage("position: must have the padding token 1 of word, or none, found 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenEmbeddings(
                        "e", word, new Embedding("position", Nd4j.ones(DataType.FLOAT, 2, 4), 1), null, norm))
                .withMessage("position: must have more than 2 rows, as many are not for tokens, found 2");
    }
}
