package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.MergedTask;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.PairScore;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.SavedClassifier;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.train.TrainableClassify;
import org.lora4j.text.train.TrainableLabels;
import org.lora4j.text.train.TrainableNumber;
import org.lora4j.text.train.TrainableRerank;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A model with a classifier, and its tokenizer and the names of its classes. The model is an encoder or a decoder; the classifier
 * is its own, or comes with an adapter of {@code lora classify}, of {@code lora rerank} or of PEFT.
 *
 * <pre>{@code
 * try (TextClassifier classifier = TextClassifier.open(folder, adapter, BaseStorage.of(Precision.FLOAT))) {
 *     double[][] probabilities = classifier.probabilities(classifier.tokens(texts));
 * }
 * }</pre>
 */
public final class TextClassifier implements AutoCloseable {
    /** The name of the adapter. */
    public static final String ADAPTER = "adapter";

    /** Enough that the products of matrices are large; more would not be faster. */
    private static final int BATCH = 32;

    private final ClassifierBase base;
    private final Outputs outputs;
    private final Head head;

    /** Whether the classifier is that of the model, and not a new one. */
    private final boolean isOwn;

    private final LoRAModel model;
    private final @Nullable RowModel<List<String>, ClassScores> classes;
    private final @Nullable RowModel<List<TextPair>, PairScore> scores;
    private final boolean takesPairs;
    private final Map<String, Outputs> outputsByAdapter;

    private TextClassifier(ClassifierBase base, Outputs outputs, Head head, boolean isOwn, Network network) {
        this(base, outputs, head, isOwn, LoRAModel.of(network), false, new ConcurrentSkipListMap<>());
    }

    private TextClassifier(
            ClassifierBase base,
            Outputs outputs,
            Head head,
            boolean isOwn,
            LoRAModel model,
            boolean takesPairs,
            Map<String, Outputs> outputsByAdapter) {
        this.base = base;
        this.outputs = outputs;
        this.head = head;
        this.isOwn = isOwn;
        this.model = model;
        this.takesPairs = takesPairs;
        this.outputsByAdapter = outputsByAdapter;
        Network network = model.network();
        TextModel texts = base.texts();
        classes = texts == null || !head.isTrained() || takesPairs
                ? null
                : new Classify(outputs, head, base.maxTokens()).on(texts.textTokens(), network);
        scores = texts == null || head == Head.LAST
                ? null
                : new Rerank(head, base.maxTokens()).on(texts.textTokens(), network);
    }

    /**
     * Opens a model with a new classifier, which gives a text one of its labels.
     *
     * @param folder the folder of a model
     * @param labels the classes
     * @param head what the classifier reads; null for what suits the model
     * @param maxTokens where texts are cut; nothing for where the folder says
     * @param seed the seed of the classifier
     * @param storage how the large matrices of the model are stored
     * @return the classifier, without an adapter
     * @throws IOException if the model cannot be read, or cannot have the head
     */
    public static TextClassifier create(
            Path folder, Labels labels, @Nullable Head head, OptionalInt maxTokens, long seed, BaseStorage storage)
            throws IOException {
        return create(folder, Outputs.oneOf(labels), head, maxTokens, seed, storage);
    }

    /**
     * Opens a model with a new classifier.
     *
     * @param folder the folder of a model
     * @param outputs the labels, and what the outputs mean
     * @param head what the classifier reads; null for what suits the model
     * @param maxTokens where texts are cut; nothing for where the folder says
     * @param seed the seed of the classifier
     * @param storage how the large matrices of the model are stored
     * @return the classifier, without an adapter
     * @throws IOException if the model cannot be read, or cannot have the head
     */
    public static TextClassifier create(
            Path folder, Outputs outputs, @Nullable Head head, OptionalInt maxTokens, long seed, BaseStorage storage)
            throws IOException {
        Objects.requireNonNull(outputs, "outputs must not be null");
        ClassifierBase base = ClassifierBase.open(ModelSource.of(folder), maxTokens, storage);
        try {
            return create(base, outputs, head == null ? base.requireTexts().classifierHead() : head, seed);
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    private static TextClassifier create(ClassifierBase base, Outputs outputs, Head head, long seed)
            throws IOException {
        int count = outputs.labels().count();
        return new TextClassifier(base, outputs, head, false, base.create(head, count, seed));
    }

    /**
     * Opens a model with a trained adapter, or a model that has a classifier of its own.
     *
     * @param folder the folder of a model
     * @param adapter the folder of the adapter; null for the model alone
     * @param storage how the large matrices of the model are stored
     * @return the classifier
     * @throws IOException if a file cannot be read, the adapter does not fit the model, or there is no classifier
     */
    public static TextClassifier open(Path folder, @Nullable Path adapter, BaseStorage storage) throws IOException {
        if (adapter == null) {
            return openAlone(ModelSource.of(folder), storage);
        }
        return openAdapted(folder, SavedAdapter.read(adapter), storage);
    }

    /**
     * Opens a model with a trained adapter that was read before.
     *
     * @param folder the folder of a model
     * @param adapter the adapter
     * @param storage how the large matrices of the model are stored
     * @return the classifier
     * @throws IOException if a file cannot be read, or the adapter does not fit the model
     */
    public static TextClassifier openAdapted(Path folder, SavedAdapter adapter, BaseStorage storage)
            throws IOException {
        ClassifierTask.requireMadeFor(folder, adapter, OptionalInt.empty());
        return openFor(folder, adapter, null, OptionalInt.empty(), storage);
    }

    /**
     * Opens a model with a trained adapter for work on the weights. It takes no texts and needs no tokenizer.
     *
     * @param folder the folder of a model
     * @param adapter the folder of the adapter
     * @param storage how the large matrices of the model are stored
     * @return the classifier
     * @throws IOException if a file cannot be read, or the adapter does not fit the model
     */
    public static TextClassifier openWithoutTexts(Path folder, SavedAdapter adapter, BaseStorage storage)
            throws IOException {
        ClassifierTask.requireMadeFor(folder, adapter, OptionalInt.empty());
        ClassifierBase base = ClassifierBase.withoutTexts(folder, storage);
        Task task = ClassifierTask.of(adapter, base.model());
        return openFor(base, task, null).loaded(adapter);
    }

    /**
     * Opens a model that gives pairs of texts a score as it is: an encoder with a classifier of one output, such as BGE's rerankers,
     * or a decoder that answers yes or no, such as Qwen3-Reranker.
     *
     * @param folder the folder of a model
     * @param storage how the large matrices of the model are stored
     * @return the model, for {@link #pairs} and {@link #scores}
     * @throws IOException if a file cannot be read, or the classifier has another number of outputs
     * @throws IllegalArgumentException if a decoder has no tokens for yes and no
     */
    public static TextClassifier openReranker(Path folder, BaseStorage storage) throws IOException {
        if (ModelConfig.read(folder).isDecoder()) {
            return create(folder, Labels.numbered(1), Head.YES_NO, OptionalInt.empty(), 0, storage);
        }
        TextClassifier classifier = openAlone(ModelSource.of(folder), storage);
        long outputs = classifier.model().network().outputSize();
        if (outputs != 1) {
            classifier.close();
            throw new IOException(folder + ": a model that scores pairs must have a classifier with one output, found "
                    + outputs + " outputs; give an adapter of 'lora rerank'");
        }
        return classifier;
    }

    private static TextClassifier openAlone(ModelSource source, BaseStorage storage) throws IOException {
        ClassifierBase base = ClassifierBase.open(source, OptionalInt.empty(), storage);
        try {
            if (!base.model().hasClassifier()) {
                throw new IOException(source + ": the model must have a classifier, found none; give an adapter that"
                        + " has one, or train one with 'lora classify'");
            }
            Network network = base.model().classifier();
            Head own = base.isDecoder() ? Head.LAST : Head.POOLER;
            return new TextClassifier(base, Outputs.read(source, network.outputSize()), own, true, network);
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /**
     * Opens a model with an adapter that trains further.
     *
     * @param folder the folder of a model
     * @param adapter the adapter, of this program or of PEFT, which has a classifier
     * @param outputs the classes, with those of the adapter if it has their names, and what the outputs mean
     * @param maxTokens where texts are cut; nothing for where the adapter or the folder says
     * @param storage how the large matrices of the model are stored
     * @return the classifier with the adapter
     * @throws IOException if a file cannot be read, the adapter does not fit the model, has no classifier of as many classes, or its task
     *     says that its outputs mean something else
     */
    public static TextClassifier goOn(
            Path folder, SavedAdapter adapter, Outputs outputs, OptionalInt maxTokens, BaseStorage storage)
            throws IOException {
        Objects.requireNonNull(outputs, "outputs must not be null");
        ClassifierTask.requireMadeFor(folder, adapter, maxTokens);
        return openFor(folder, adapter, outputs, maxTokens, storage);
    }

    /** Opens a model with an adapter, which was checked before. */
    private static TextClassifier openFor(
            Path folder, SavedAdapter adapter, @Nullable Outputs asked, OptionalInt maxTokens, BaseStorage storage)
            throws IOException {
        OptionalInt limit = maxTokens.isPresent()
                ? maxTokens
                : adapter.task().map(Task::maxTokens).orElse(OptionalInt.empty());
        ClassifierBase base = ClassifierBase.open(ModelSource.of(folder), limit, storage);
        try {
            Task task = ClassifierTask.of(adapter, base.model());
            if (asked != null) {
                ClassifierTask.requireAsked(adapter, ClassifierTask.outputsOf(task), asked);
            }
            return openFor(base, task, asked).loaded(adapter);
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    private TextClassifier loaded(SavedAdapter adapter) throws IOException {
        try {
            load(ADAPTER, adapter, outputs);
            return this;
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void load(String name, SavedAdapter saved, Outputs ofAdapter) throws IOException {
        LoRAAdapter adapter = saved.adapter(model.network());
        requireClassifierOf(saved.folder(), adapter, ofAdapter.labels());
        model.add(name, adapter);
        outputsByAdapter.put(name, ofAdapter);
    }

    private void requireClassifierOf(Path folder, LoRAAdapter adapter, Labels ofAdapter) throws IOException {
        Network network = model.network();
        String module = network.replaceableHead().orElseThrow();
        LoRAAdapter.SavedModule saved = adapter.savedModules().get(module);
        // The answer yes or no needs no classifier.
        boolean isUntrained = !isOwn && head != Head.YES_NO;
        if (saved == null && isUntrained) {
            throw new IOException(folder + ": the adapter must have a classifier, found no " + module
                    + " among its saved modules " + adapter.savedModules().keySet());
        }
        long outputs = saved == null ? network.outputSize() : saved.weight().size(0);
        if (outputs != ofAdapter.count()) {
            throw new IOException(folder + ": the classifier must have an output for each of the " + ofAdapter.count()
                    + " labels in " + TaskFile.NAME + ", " + ofAdapter + ", found " + outputs);
        }
    }

    /**
     * Adds another adapter with a classifier of its own, which can have other labels, and another number of them. It must read what
     * the classifier of this model reads, and cut texts at the same place, so that they have the same tokens.
     *
     * @param name the name of the adapter in {@link #predictEach}
     * @param adapter the folder of the adapter
     * @throws IOException if a file cannot be read, the adapter does not fit the model, has no classifier, one that reads something
     *     else, or one that has not an output for each label; nothing changes then
     * @throws IllegalArgumentException if the name is refused; nothing changes then
     */
    public void add(String name, Path adapter) throws IOException {
        Objects.requireNonNull(name, "name must not be null");
        SavedAdapter saved = SavedAdapter.read(adapter);
        Task task = ClassifierTask.of(saved, base.model());
        if (task.head() != head) {
            throw new IOException(adapter + ": the classifier must read what that of the model reads, " + head
                    + ", found " + task.head() + "; open the model with this adapter alone");
        }
        if (task.maxTokens().orElse(maxTokens()) != maxTokens()) {
            throw new IOException(adapter + ": texts must be cut where the model cuts them, after " + maxTokens()
                    + " tokens, found " + task.maxTokens().getAsInt() + "; open the model with this adapter alone");
        }
        if (task instanceof ClassifyPairs != takesPairs) {
            throw new IOException(adapter + ": the adapter must be one for " + (takesPairs ? "pairs of texts" : "texts")
                    + " as the classifier is, found one that " + task.does());
        }
        load(name, saved, ClassifierTask.outputsOf(task));
    }

    /**
     * Opens a model with a new classifier of the size that an adapter has, but without the adapter, for work on the weights. It
     * takes no texts and needs no tokenizer.
     *
     * @param folder the folder of a model
     * @param adapter the folder of the adapter
     * @param storage how the large matrices of the model are stored
     * @return the classifier
     * @throws IOException if a file cannot be read, or the adapter has no classifier
     */
    public static TextClassifier openUntrained(Path folder, SavedAdapter adapter, BaseStorage storage)
            throws IOException {
        ClassifierTask.requireMadeFor(folder, adapter, OptionalInt.empty());
        ClassifierBase base = ClassifierBase.withoutTexts(folder, storage);
        return openFor(base, ClassifierTask.of(adapter, base.model()), null);
    }

    private static TextClassifier openFor(ClassifierBase base, Task task, @Nullable Outputs asked) throws IOException {
        try {
            TextClassifier created =
                    create(base, asked == null ? ClassifierTask.outputsOf(task) : asked, task.head(), 0);
            return task instanceof ClassifyPairs ? created.ofPairs() : created;
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /**
     * Returns whether an adapter has a classifier.
     *
     * @param adapter the adapter
     * @return true if one of its modules that are stored in full is a classifier
     */
    public static boolean isClassifier(LoRAAdapter adapter) {
        return SavedClassifier.of(adapter).isPresent();
    }

    /**
     * Adds an adapter that trains together with the classifier, of which the head YES_NO has none.
     *
     * @param config the configuration
     * @return the view of the adapter
     */
    public AdapterView addAdapter(LoRAConfig config) {
        AdapterView added = model.add(ADAPTER, head.config(config, model.network()));
        outputsByAdapter.put(ADAPTER, outputs);
        return added;
    }

    /**
     * Returns the same classifier for pairs of texts, which it reads together. An adapter whose {@code task.json} says so is opened as one.
     * Both share the model; it is enough to close one of them.
     *
     * @return a classifier that takes {@link #pairs} and no {@link #tokens}
     * @throws IllegalArgumentException if the model is a decoder
     */
    public TextClassifier ofPairs() {
        TextClassifier ofPairs = new TextClassifier(base, outputs, head, isOwn, model, true, outputsByAdapter);
        Objects.requireNonNull(ofPairs.task());
        return ofPairs;
    }

    /**
     * Returns whether the classifier reads pairs of texts.
     *
     * @return true of {@link #ofPairs}
     */
    public boolean takesPairs() {
        return takesPairs;
    }

    private RowTask<?, ClassScores> task() {
        Classify classifier = new Classify(outputs, head, base.maxTokens());
        return takesPairs ? new ClassifyPairs(classifier) : classifier;
    }

    /**
     * Returns what trains an adapter for the classes.
     *
     * @return the task on this model
     * @throws IllegalStateException if the model was opened without its tokenizer
     * @throws IllegalArgumentException if the head gives a score
     */
    public TrainableClassify trainableClasses() {
        return new TrainableClassify(task(), base.requireTexts().textTokens(), model.network());
    }

    /**
     * Returns what trains an adapter that gives texts any number of labels.
     *
     * @return the task on this model
     * @throws IllegalStateException if the model was opened without its tokenizer
     * @throws IllegalArgumentException if the outputs mean something else, or the head gives a score
     */
    public TrainableLabels trainableLabels() {
        return new TrainableLabels(task(), base.requireTexts().textTokens(), model.network());
    }

    /**
     * Returns what trains an adapter that gives texts a number.
     *
     * @return the task on this model
     * @throws IllegalStateException if the model was opened without its tokenizer
     * @throws IllegalArgumentException if the outputs mean something else, or the head gives a score
     */
    public TrainableNumber trainableNumbers() {
        return new TrainableNumber(task(), base.requireTexts().textTokens(), model.network());
    }

    /**
     * Returns what trains an adapter for the score of pairs.
     *
     * @return the task on this model
     * @throws IllegalStateException if the model was opened without its tokenizer
     * @throws IllegalArgumentException if the head gives no score
     */
    public TrainableRerank trainableScores() {
        return new TrainableRerank(
                new Rerank(head, base.maxTokens()), base.requireTexts().textTokens(), model.network());
    }

    /**
     * Returns the adapter with which the model was opened.
     *
     * @return its view
     * @throws IllegalArgumentException if there is none
     */
    public AdapterView adapter() {
        return model.using(ADAPTER);
    }

    /**
     * Returns the model: the encoder with the classifier, and the adapter if there is one.
     *
     * @return the model
     */
    public LoRAModel model() {
        return model;
    }

    /**
     * Returns the folder of the encoder.
     *
     * @return the opened folder
     * @throws IllegalStateException if the model is a decoder
     */
    public EncoderFolder encoder() {
        if (!(base.texts() instanceof EncoderFolder encoder) || base.isDecoder()) {
            throw new IllegalStateException("the model must be an encoder that was opened with its tokenizer, found "
                    + (base.isDecoder() ? "a decoder" : "one without"));
        }
        return encoder;
    }

    /**
     * Returns the name of the model.
     *
     * @return the name of its folder
     */
    public String name() {
        return base.source().name();
    }

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of one
     */
    public int maxTokens() {
        return classes == null ? requireScores().maxTokens() : classes.maxTokens();
    }

    /**
     * Returns the model as it is, without a classifier.
     *
     * @return a network with a row for each text: the mean of the last hidden states
     */
    public Network features() {
        return base.model().meanPooled();
    }

    /**
     * Saves the merged classifier as a folder of Hugging Face.
     *
     * @param target the folder
     * @throws IOException if a file cannot be written
     */
    public void saveMerged(Path target) throws IOException {
        base.model().save(model.mergeActive(), target);
        if (head.isTrained()) {
            MergedTask.write(new Classify(outputs, head, OptionalInt.empty()), target, base.isDecoder());
        }
    }

    /**
     * Returns the classes.
     *
     * @return their names
     */
    public Labels labels() {
        return outputs.labels();
    }

    /**
     * Returns what the outputs of the classifier mean.
     *
     * @return the classes, and how the outputs are read
     */
    public Outputs outputs() {
        return outputs;
    }

    /**
     * Returns what the classifier reads.
     *
     * @return the head; that of Hugging Face for a model with a classifier of its own
     */
    public Head head() {
        return head;
    }

    /**
     * Returns the tokens of texts, cut as the model or the adapter says.
     *
     * @param texts the texts, at least one
     * @return a sequence for each
     * @throws IllegalStateException if the head is {@code YES_NO}, or the classifier one of pairs
     */
    public Sequences tokens(List<String> texts) {
        if (classes == null) {
            base.requireTexts();
            throw new IllegalStateException("tokens: " + (takesPairs ? "the classifier" : "the head " + head)
                    + " takes pairs of texts, found texts");
        }
        return classes.tokens(texts);
    }

    /**
     * Returns the tokens of pairs of texts: as {@link EncoderFolder#pairs} makes them, or in the prompt of a reranker if the head
     * is {@code YES_NO}. That prompt is cut at the end of the second text.
     *
     * @param pairs a query and a document each, at least one
     * @return a sequence for each pair
     * @throws IllegalArgumentException if there is no pair, or a query leaves no room for a document
     */
    public Sequences pairs(List<TextPair> pairs) {
        if (head == Head.LAST) {
            throw new IllegalArgumentException(
                    "pairs: a decoder must have the head YES_NO, found " + head + "; give it texts");
        }
        return requireScores().tokens(pairs);
    }

    private RowModel<List<TextPair>, PairScore> requireScores() {
        base.requireTexts();
        return Objects.requireNonNull(scores);
    }

    /**
     * Predicts the probabilities of the classes, or the number of a model that gives texts one.
     *
     * @param texts the sequences
     * @return for each text the value of each class, {@code [n][classes]}, as {@link Outputs} says
     */
    public double[][] probabilities(Sequences texts) {
        return logits(texts).stream().map(this::values).toArray(double[][]::new);
    }

    private double[] values(float[] logits) {
        double[] z = new double[logits.length];
        Arrays.setAll(z, i -> logits[i]);
        return outputs.values(z);
    }

    private List<float[]> logits(Sequences texts) {
        List<float[]> all = new ArrayList<>();
        for (int from = 0; from < texts.count(); from += BATCH) {
            INDArray logits = model.predict(texts.part(from, Math.min(texts.count(), from + BATCH)));
            all.addAll(Arrays.asList(logits.toFloatMatrix()));
        }
        return all;
    }

    /**
     * Computes the score of pairs, {@code 1/(1 + exp(−z))} of the only output z.
     *
     * @param pairs the sequences
     * @return between 0 and 1 for each pair
     * @throws IllegalStateException if the classifier has more than one output
     */
    public double[] scores(Sequences pairs) {
        List<float[]> outputs = logits(pairs);
        if (outputs.get(0).length != 1) {
            throw new IllegalStateException(
                    "the classifier must have one output for scores, found " + outputs.get(0).length + " outputs");
        }
        return outputs.stream().mapToDouble(row -> 1 / (1 + Math.exp(-row[0]))).toArray();
    }

    /**
     * Classifies texts, each with an adapter and the labels of its own. The products with the weights of the model are computed once for
     * all of them.
     *
     * <pre>{@code
     * classifier.add("topic", folder);
     * List<ClassScores> scores = classifier.predictEach(classifier.tokens(texts), List.of("adapter", "topic"));
     * }</pre>
     *
     * @param texts the sequences
     * @param adapters the adapter of each: one that was {@linkplain #add added}, {@link #ADAPTER} for the one that the model was opened
     *     with, or {@link LoRAModel#BASE} if the model has a classifier of its own
     * @return the labels of the adapter of each text, and their values
     * @throws IllegalArgumentException if there is not one name for each text, there is no such adapter, or the base has no classifier
     */
    public List<ClassScores> predictEach(Sequences texts, List<String> adapters) {
        Objects.requireNonNull(texts, "texts must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        if (adapters.size() != texts.count()) {
            throw new IllegalArgumentException(
                    "there must be one adapter for each text, found " + adapters.size() + " for " + texts.count());
        }
        List<Outputs> ofTexts = adapters.stream().map(this::outputsOf).toList();
        List<ClassScores> all = new ArrayList<>();
        for (int from = 0; from < texts.count(); from += BATCH) {
            int to = Math.min(texts.count(), from + BATCH);
            List<INDArray> z = model.predictEach(texts.part(from, to), adapters.subList(from, to));
            for (int i = 0; i < z.size(); i++) {
                all.add(ClassScores.of(ofTexts.get(from + i), z.get(i)));
            }
        }
        return all;
    }

    /**
     * Classifies one text with each of several adapters. The tokens, their embeddings and the layers below the first one that an adapter
     * changes are computed once.
     *
     * @param text the text
     * @param adapters the adapters, as in {@link #predictEach}; at least one
     * @return the labels of each adapter and their values, in the order of the adapters
     * @throws IllegalArgumentException if there is no such adapter, or none is named, or the base has no classifier
     */
    public List<ClassScores> predictWithAll(String text, List<String> adapters) {
        Objects.requireNonNull(text, "text must not be null");
        return predictWithAll(tokens(List.of(text)), adapters);
    }

    /**
     * Classifies one sequence of tokens, such as that of a pair of texts, as {@link #predictWithAll(String, List)} does.
     *
     * @param text one sequence
     * @param adapters the adapters
     * @return as {@link #predictWithAll(String, List)}
     * @throws IllegalArgumentException as {@link #predictWithAll(String, List)}, or if there is more than one sequence
     */
    public List<ClassScores> predictWithAll(Sequences text, List<String> adapters) {
        Objects.requireNonNull(text, "text must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        if (text.count() != 1) {
            throw new IllegalArgumentException("there must be one text, found " + text.count());
        }
        List<Outputs> ofAdapters = adapters.stream().map(this::outputsOf).toList();
        List<INDArray> z = model.predictWithAll(text, adapters);
        return IntStream.range(0, z.size())
                .mapToObj(i -> ClassScores.of(ofAdapters.get(i), z.get(i)))
                .toList();
    }

    private Outputs outputsOf(String adapter) {
        Objects.requireNonNull(adapter, "no adapter must be null");
        if (adapter.equals(LoRAModel.BASE)) {
            if (!isOwn) {
                throw new IllegalArgumentException(
                        "the base must have a classifier of its own, found a new one that nobody"
                                + " has trained; name an adapter of " + outputsByAdapter.keySet());
            }
            return outputs;
        }
        Outputs ofAdapter = outputsByAdapter.get(adapter);
        if (ofAdapter == null) {
            throw new IllegalArgumentException("an adapter must have been added with its labels, found "
                    + MessageText.quote(adapter) + "; there are " + outputsByAdapter.keySet());
        }
        return ofAdapter;
    }

    /** Frees the tokenizer. */
    @Override
    public void close() {
        base.close();
    }
}
