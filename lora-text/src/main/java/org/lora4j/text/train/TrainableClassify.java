package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Learns to classify texts, or pairs of texts: the cross-entropy of the softmax of the outputs. A new adapter learns more if {@link #start} gives it a
 * classifier before the training.
 */
public final class TrainableClassify implements TrainableTask<LabelledText, ClassifiedTexts> {
    /**
     * So much stronger is the penalty of the classifier with which an adapter begins than that of the best one. One that is sure of the texts
     * leaves nothing to learn from them.
     */
    private static final double STRONGER = 6;

    /**
     * The penalty of the classifier of few texts, times their number: a prior that stays the same. Cross-validation on rows of layers that
     * have learned these texts would find hardly any penalty.
     */
    private static final double PRIOR = 3;

    private final ClassifierRows<?> rows;
    private final Labels labels;
    private final Network network;
    private final Loss loss;
    private final double[] classWeights;

    /**
     * Creates the task on a model.
     *
     * @param task a {@link org.lora4j.text.task.Classify} or {@link ClassifyPairs}: the classes, what the classifier reads, and where texts are cut
     * @param tokens the tokens of the model
     * @param network the model with the head of the task, and an output for each class
     * @throws IllegalArgumentException if the model does not take so long texts, or the task gives texts any number of labels or a number
     */
    public TrainableClassify(RowTask<?, ClassScores> task, TextTokens tokens, Network network) {
        this.network = Objects.requireNonNull(network, "network must not be null");
        rows = ClassifierRows.of(task, tokens, network, ProblemType.SINGLE_LABEL_CLASSIFICATION);
        labels = ClassifierRows.outputs(task).labels();
        loss = Loss.sparseSoftmaxCrossEntropy();
        classWeights = new double[labels.count()];
        Arrays.fill(classWeights, 1);
    }

    private TrainableClassify(TrainableClassify other, double... weights) {
        labels = other.labels;
        rows = other.rows;
        network = other.network;
        loss = Loss.sparseSoftmaxCrossEntropy(weights);
        classWeights = weights.clone();
    }

    /**
     * Returns the same task in which classes count differently.
     *
     * @param weights the weight of each class, positive
     * @return a task on the same model
     */
    public TrainableClassify withClassWeights(double... weights) {
        return new TrainableClassify(this, weights);
    }

    /** Returns how much each class counts. */
    double[] classWeights() {
        return classWeights.clone();
    }

    /**
     * Gives a new adapter a start, before the training. A classifier at random pulls the rows of the model apart before it knows anything
     * (Kumar and others, 2022, arXiv:2202.10054), so the classifier of the adapter becomes softmax regression on what it reads.
     *
     * <p>Few texts teach more as pairs: the other parts of the adapter first learn that texts of one class are near each other (Tunstall and
     * others, 2022, arXiv:2209.11055). The name of a class is one more text of it if it has words and no number. Such an adapter is done
     * then: steps of the usual training mostly made it worse.
     *
     * @param adapter a new adapter on {@link #network}, with a classifier of its own
     * @param examples the texts for training
     * @param seed the seed of the pairs
     * @return what the adapter begins with, of the kind that {@link #kindOfStart} says
     * @throws IllegalArgumentException if there is no text, or the adapter has no classifier of its own
     */
    public ClassifierStart start(AdapterView adapter, List<LabelledText> examples, long seed) {
        return start(kindOfStart(adapter, examples, seed), adapter, examples, seed);
    }

    /**
     * Returns which start suits texts. Where a class has texts of several kinds, pairs of them pull apart what belongs together, so few texts
     * say by cross-validation whether pairs help.
     *
     * @param adapter a new adapter on {@link #network}, which stays as it is
     * @param examples the texts for training
     * @param seed the seed of the pairs
     * @return pairs for up to 16 texts for each class, in the mean, if at least two classes have two texts, and a classifier behind layers that learned
     *     pairs names at least as many held-out texts right as one on the frozen model
     */
    public ClassifierStart.Kind kindOfStart(AdapterView adapter, List<LabelledText> examples, long seed) {
        boolean hasPairs = ClassPairs.areFew(this, examples)
                && ClassPairs.of(this, examples).isPresent();
        return hasPairs ? PairsTrial.of(this, adapter, examples, seed).kind() : ClassifierStart.Kind.PROBE;
    }

    /**
     * Gives a new adapter a start of a kind, as {@link #start(AdapterView, List, long)} does.
     *
     * @param kind how the start is made
     * @param adapter a new adapter on {@link #network}, with a classifier of its own
     * @param examples the texts for training
     * @param seed the seed of the pairs
     * @return what the adapter begins with
     * @throws IllegalArgumentException if there is no text, or the adapter has no classifier of its own, or there are no pairs
     */
    public ClassifierStart start(
            ClassifierStart.Kind kind, AdapterView adapter, List<LabelledText> examples, long seed) {
        LinearProbe probe = probe(examples);
        if (kind == ClassifierStart.Kind.PAIRS) {
            ClassPairs pairs = ClassPairs.of(this, examples)
                    .orElseThrow(() -> new IllegalArgumentException("at least two classes must have two texts, found "
                            + examples.size() + " texts without pairs of two classes"));
            AdapterView taught = pairs.train(layers(), adapter, seed);
            ClassPairs.copy(taught, adapter);
            probe(taught, pairs).writeTo(adapter);
        } else {
            probe.withPenalty(STRONGER * probe.regression().penalty()).writeTo(adapter);
        }
        return new ClassifierStart(kind, probe);
    }

    /** Returns the layers before the classifier. */
    Network layers() {
        return new Network(network.layers().subList(0, network.layers().size() - 1));
    }

    private boolean hasBias() {
        Layer head = network.layers().get(network.layers().size() - 1);
        return ((Linear) head).biasParameter() != null;
    }

    /** Fits a classifier on the frozen model. */
    LinearProbe probe(List<LabelledText> examples) {
        return LinearProbe.fit(layers(), this, examples, hasBias());
    }

    /** Fits a classifier on layers that learned pairs. */
    LinearProbe probe(AdapterView taught, ClassPairs pairs) {
        List<LabelledText> texts = pairs.texts();
        return LinearProbe.fit(taught, this, texts, hasBias(), PRIOR / texts.size());
    }

    /**
     * {@inheritDoc}
     *
     * @param held as in {@link TrainableTask#validation}
     * @return their loss as {@link #calibratedLoss} measures it
     */
    @Override
    public Validation validation(Iterable<Batch> held) {
        return Validation.cost(model -> calibratedLoss(model, held));
    }

    /**
     * Returns how well a model tells the classes apart, however much too sure it is: the mean of {@code −w[y]·ln softmax(β·z)[y]} of
     * the outputs z, with the factor β of at most 1 that makes it least. The usual loss grows when a classifier becomes too sure, long before it has more
     * errors (Guo and others, 2017, arXiv:1706.04599).
     *
     * @param model the network, or an adapter on it
     * @param held batches of texts that do not train, at least one
     * @return the loss in nats; NaN if an output is not finite
     */
    public double calibratedLoss(Model model, Iterable<Batch> held) {
        CalibratedLoss loss = new CalibratedLoss(classWeights);
        for (Batch batch : held) {
            INDArray outputs = model.predict(batch.input());
            int[] classes = Objects.requireNonNull(batch.labels()).toIntVector();
            for (int i = 0; i < classes.length; i++) {
                loss.add(outputs.getRow(i).toDoubleVector(), classes[i]);
            }
        }
        return loss.value();
    }

    @Override
    public RowTask<?, ClassScores> task() {
        return rows.task();
    }

    /** Returns the classes. */
    Labels labels() {
        return labels;
    }

    /** Returns whether examples are pairs of texts. */
    boolean takesPairs() {
        return rows.task() instanceof ClassifyPairs;
    }

    @Override
    public Network network() {
        return network;
    }

    @Override
    public Loss loss() {
        return loss;
    }

    @Override
    public Batch batch(List<LabelledText> examples) {
        return new Batch(
                rows.tokens(examples),
                Nd4j.createFromArray(examples.stream().mapToInt(this::classOf).toArray()));
    }

    int classOf(LabelledText example) {
        return labels.id(example.label());
    }

    @Override
    public ClassifiedTexts measure(Model model, Iterable<LabelledText> held) {
        List<Integer> actual = new ArrayList<>();
        List<Integer> predicted = new ArrayList<>();
        List<Double> probabilities = new ArrayList<>();
        Portions.forEach(held, some -> {
            for (ClassScores scores : rows.predict(model, some)) {
                predicted.add(scores.bestClass());
                probabilities.add(scores.values().get(scores.bestClass()));
            }
            some.forEach(example -> actual.add(classOf(example)));
        });
        return new ClassifiedTexts(labels, actual, predicted, probabilities);
    }
}
