package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.input.Sequences;
import org.lora4j.train.Batch;

/** Tokens of texts with the tags that they learn. */
class TaggedTokensTest {
    private static final int NONE = TaggedTokens.IGNORED;

    @Test
    void windowsOfAllExamplesAreSequencesOfABatch() {
        Batch batch = TaggedTokens.batch(List.of(
                new TaggedTokens(
                        new int[][] {{1, 5, 2}, {1, 6, 7, 2}}, new int[][] {{NONE, 3, NONE}, {NONE, 0, 1, NONE}}),
                new TaggedTokens(new int[][] {{1, 2}}, new int[][] {{2, NONE}})));
        assertThat(batch.input()).isInstanceOf(Sequences.class);
        assertThat(batch.input().count()).isEqualTo(3);
        assertThat(Objects.requireNonNull(batch.labels()).toIntMatrix())
                .isDeepEqualTo(new int[][] {{NONE, 3, NONE, NONE}, {NONE, 0, 1, NONE}, {2, NONE, NONE, NONE}});
    }

    @Test
    void eachTokenHasALabelAndTheArraysAreCopies() {
        int[][] ids = {{1, 2}};
        TaggedTokens tokens = new TaggedTokens(ids, new int[][] {{0, 1}});
        ids[0][0] = 9;
        tokens.ids()[0][0] = 9;
        tokens.labels()[0][0] = 9;
        assertThat(tokens.ids()).isDeepEqualTo(new int[][] {{1, 2}});
        assertThat(tokens.labels()).isDeepEqualTo(new int[][] {{0, 1}});
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TaggedTokens(new int[][] {{1, 2}}, new int[][] {{0}}))
                .withMessage("labels must be one for each token, found windows of [1] labels beside [2] tokens");
    }
}
