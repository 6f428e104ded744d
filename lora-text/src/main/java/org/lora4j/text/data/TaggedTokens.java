package org.lora4j.text.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.nn.input.Sequences;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The tokens of a text in one or several windows, and the number of the tag that each of them learns. {@link
 * org.lora4j.text.task.Tag.OnModel#learned} creates them.
 */
public final class TaggedTokens {
    /** The label of a token that does not train. */
    public static final int IGNORED = -100;

    private final int[][] ids;
    private final int[][] labels;

    /**
     * Holds windows.
     *
     * @param ids the tokens of each window
     * @param labels the number of a tag for each of them, or {@link #IGNORED}
     * @throws IllegalArgumentException if there is not one label for each token
     */
    public TaggedTokens(int[][] ids, int[][] labels) {
        this.ids = copy(Objects.requireNonNull(ids, "ids must not be null"));
        this.labels = copy(Objects.requireNonNull(labels, "labels must not be null"));
        int[] tokens = Arrays.stream(ids).mapToInt(window -> window.length).toArray();
        int[] labelled = Arrays.stream(labels).mapToInt(window -> window.length).toArray();
        if (!Arrays.equals(tokens, labelled)) {
            throw new IllegalArgumentException("labels must be one for each token, found windows of "
                    + Arrays.toString(labelled) + " labels beside " + Arrays.toString(tokens) + " tokens");
        }
    }

    private static int[][] copy(int[][] windows) {
        return Arrays.stream(windows).map(int[]::clone).toArray(int[][]::new);
    }

    /**
     * Returns examples as a batch for {@link Loss#sparseSoftmaxCrossEntropy()}.
     *
     * @param examples the examples, at least one
     * @return a sequence for each window of each example, and as labels {@code [windows, longest]} the numbers of the tags, and {@link
     *     #IGNORED} for tokens that do not count and for places behind a window
     */
    public static Batch batch(List<TaggedTokens> examples) {
        Objects.requireNonNull(examples, "examples must not be null");
        List<int[]> sequences = new ArrayList<>();
        List<int[]> tags = new ArrayList<>();
        for (TaggedTokens example : examples) {
            sequences.addAll(Arrays.asList(example.ids));
            tags.addAll(Arrays.asList(example.labels));
        }
        int longest = sequences.stream().mapToInt(window -> window.length).max().orElseThrow();
        int[][] padded = new int[tags.size()][longest];
        for (int i = 0; i < padded.length; i++) {
            Arrays.fill(padded[i], IGNORED);
            System.arraycopy(tags.get(i), 0, padded[i], 0, tags.get(i).length);
        }
        return new Batch(Sequences.of(sequences.toArray(int[][]::new)), Nd4j.createFromArray(padded));
    }

    /**
     * Returns the tokens.
     *
     * @return those of each window, in new arrays
     */
    public int[][] ids() {
        return copy(ids);
    }

    /**
     * Returns the labels.
     *
     * @return those of each window, in new arrays
     */
    public int[][] labels() {
        return copy(labels);
    }
}
