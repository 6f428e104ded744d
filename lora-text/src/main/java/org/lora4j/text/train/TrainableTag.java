package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.TextWords;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Learns to tag the words of texts: the cross-entropy of the softmax of the outputs of those tokens that say a tag, see {@link
 * Tag.SubWords}; its mean over all of them in a batch. A text that is longer than the limit trains in overlapping windows, as it is
 * tagged, and each of its tokens counts once, in the window in which it has the most context.
 */
public final class TrainableTag implements TrainableTask<TaggedText, TaggedTexts> {
    private final Tag task;
    private final Tag.OnModel rows;
    private final Network network;
    private final TagScheme scheme;
    private final Loss loss;
    private final double[] tagWeights;

    /**
     * Creates the task on a model.
     *
     * @param task the tags, which tokens of a word count, and where texts are divided
     * @param tokens the tokens of the model
     * @param network the model with the head of the task, and an output for each tag
     * @throws IllegalArgumentException if the model does not take so long windows
     */
    public TrainableTag(Tag task, TextTokens tokens, Network network) {
        Objects.requireNonNull(task, "task must not be null");
        this.network = Objects.requireNonNull(network, "network must not be null");
        rows = task.on(Objects.requireNonNull(tokens, "tokens must not be null"), network);
        this.task = new Tag(task.labels(), task.subWords(), OptionalInt.of(rows.maxTokens()));
        scheme = TagScheme.of(task.labels().names());
        loss = Loss.sparseSoftmaxCrossEntropy();
        tagWeights = new double[task.labels().count()];
        Arrays.fill(tagWeights, 1);
    }

    private TrainableTag(TrainableTag other, double... weights) {
        task = other.task;
        rows = other.rows;
        network = other.network;
        scheme = other.scheme;
        loss = Loss.sparseSoftmaxCrossEntropy(weights);
        tagWeights = weights.clone();
    }

    /**
     * Returns the same task in which tags count differently.
     *
     * @param weights the weight of each tag, finite and at least 0
     * @return a task on the same model
     * @throws IllegalArgumentException if there is not one weight for each tag, or one is negative or not finite
     */
    public TrainableTag withTagWeights(double... weights) {
        Objects.requireNonNull(weights, "weights must not be null");
        if (weights.length != task.labels().count()) {
            throw new IllegalArgumentException(
                    "weights: there must be one for each of the tags " + task.labels() + ", found " + weights.length);
        }
        return new TrainableTag(this, weights);
    }

    /**
     * Returns weights with which all tags count the same: {@link Labels#balancedWeights} of the words of texts that have each of them.
     *
     * @param texts the texts; a list that may read each of them from a file
     * @return a weight for each tag
     */
    public double[] balancedWeights(Iterable<TaggedText> texts) {
        int[] counts = new int[task.labels().count()];
        for (TaggedText text : texts) {
            for (String tag : scheme.tags(text.words().words().size(), text.tagged())) {
                if (task.labels().names().contains(tag)) {
                    counts[task.labels().id(tag)]++;
                }
            }
        }
        return Labels.balancedWeights(counts);
    }

    /** Returns how much each tag counts. */
    double[] tagWeights() {
        return tagWeights.clone();
    }

    @Override
    public Tag task() {
        return task;
    }

    @Override
    public Network network() {
        return network;
    }

    @Override
    public Loss loss() {
        return loss;
    }

    /**
     * {@inheritDoc}
     *
     * @return a sequence for each window of each text, with a label for each token
     * @throws IllegalArgumentException if a text has no tokens, a word of a span has none, or the task has no tag for a span
     */
    @Override
    public Batch batch(List<TaggedText> examples) {
        return rows.batch(examples);
    }

    @Override
    public TaggedTexts measure(Model model, Iterable<TaggedText> held) {
        return measure(model::predict, held);
    }

    /** Measures what gives outputs {@code [tokens, tags]}. */
    TaggedTexts measure(Function<Sequences, INDArray> outputs, Iterable<TaggedText> held) {
        List<List<String>> actual = new ArrayList<>();
        List<List<String>> predicted = new ArrayList<>();
        Portions.forEach(held, some -> {
            List<TextWords> texts = some.stream().map(TaggedText::words).toList();
            for (TextTags tags : rows.read(texts, outputs.apply(rows.tokens(texts)))) {
                predicted.add(tags.words().stream().map(TextTags.Word::tag).toList());
            }
            some.forEach(
                    example -> actual.add(scheme.tags(example.words().words().size(), example.tagged())));
        });
        return new TaggedTexts(actual, predicted);
    }
}
