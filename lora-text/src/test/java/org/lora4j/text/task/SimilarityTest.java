package org.lora4j.text.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SimilarityTest {
    private static final INDArray SOME = Nd4j.createFromArray(new float[][] {{3, 4}, {0, 2}, {0, 0}});
    private static final INDArray OTHERS = Nd4j.createFromArray(new float[][] {{4, 3}, {-1, 0}, {6, 8}});

    @ParameterizedTest
    @CsvSource({
        "COSINE, 0.96, -0.6, 1, 0.6, 0",
        "DOT, 24, -3, 50, 6, 0",
        "EUCLIDEAN, -1.4142135623730951, -5.656854249492381, -5, -4.123105625617661, -5",
        "MANHATTAN, -2, -8, -7, -5, -7"
    })
    void computesItsFormula(Similarity similarity, double a, double b, double c, double d, double zero) {
        double[][] all = similarity.all(SOME, OTHERS);
        assertThat(all).hasDimensions(3, 3);
        assertThat(all[0]).containsExactly(new double[] {a, b, c}, within(1e-12));
        assertThat(all[1][0]).isCloseTo(d, within(1e-12));
        assertThat(all[2][0]).isCloseTo(zero, within(1e-12));
        assertThat(similarity.pairs(SOME, OTHERS))
                .containsExactly(new double[] {all[0][0], all[1][1], all[2][2]}, within(1e-12));
    }

    @ParameterizedTest
    @EnumSource(Similarity.class)
    void theFileNamesIt(Similarity similarity) {
        assertThat(Similarity.parse("{\"similarity_fn_name\": \"" + similarity + "\"}"))
                .isEqualTo(similarity);
    }

    @Test
    void withoutANameItIsTheCosine() {
        assertThat(Similarity.parse(null)).isEqualTo(Similarity.COSINE);
        assertThat(Similarity.parse("{}")).isEqualTo(Similarity.COSINE);
        assertThat(Similarity.parse("{\"similarity_fn_name\": null}")).isEqualTo(Similarity.COSINE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"maxsim\"", "3", "\"COSINE\"", "[\"dot\"]"})
    void anotherOneIsRefusedByName(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Similarity.parse("{\"similarity_fn_name\": " + name + "}"))
                .withMessageStartingWith(
                        "config_sentence_transformers.json: similarity_fn_name must be one of [cosine, dot,"
                                + " euclidean, manhattan], found ");
    }

    @Test
    void embeddingsOfOtherLengthsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Similarity.DOT.all(SOME, Nd4j.ones(DataType.FLOAT, 3, 3)))
                .withMessageContaining("found [3, 2] and [3, 3]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Similarity.DOT.pairs(SOME, Nd4j.ones(DataType.FLOAT, 2, 2)))
                .withMessageContaining("found 3 and 2");
    }
}
