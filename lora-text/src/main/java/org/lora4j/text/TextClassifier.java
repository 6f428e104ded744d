package org.lora4j.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.math.Softmax;
import org.lora4j.io.ModelSource;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
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

    private static final List<String> MODULES = List.of("classifier", "classifier.out_proj", "score");

    /** Enough that the products of matrices are large; more would not be faster. */
    private static final int BATCH = 32;

    private final ClassifierBase base;
    private final Labels labels;
    private final @Nullable ClassifierHead head;
    private final LoRAModel model;
    private final Map<String, Labels> labelsByAdapter = new ConcurrentSkipListMap<>();

    private TextClassifier(ClassifierBase base, Labels labels, @Nullable ClassifierHead head, Network network) {
        this.base = base;
        this.labels = labels;
        this.head = head;
        model = LoRAModel.of(network);
    }

    /**
     * Opens a model with a new classifier.
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
            Path folder,
            Labels labels,
            @Nullable ClassifierHead head,
            OptionalInt maxTokens,
            long seed,
            BaseStorage storage)
            throws IOException {
        Objects.requireNonNull(labels, "labels must not be null");
        ClassifierBase base =
                ClassifierBase.open(ModelSource.of(folder), maxTokens, storage, head == ClassifierHead.YES_NO);
        try {
            return create(base, labels, head == null ? base.head() : head, seed);
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    private static TextClassifier create(ClassifierBase base, Labels labels, ClassifierHead head, long seed) {
        return new TextClassifier(base, labels, head, base.create(head, labels.count(), seed));
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
        AdapterTask task = task(adapter);
        requireMadeFor(folder, adapter, task, task.limit());
        return openFor(open(folder, task, task.limit(), storage), task, task.labels())
                .loaded(adapter);
    }

    /**
     * Opens a model with a trained adapter for work on the weights. It takes no texts and needs no tokenizer.
     *
     * @param folder the folder of a model
     * @param adapter the adapter
     * @param storage how the large matrices of the model are stored
     * @return the classifier
     * @throws IOException if a file cannot be read, or the adapter does not fit the model
     */
    public static TextClassifier openWithoutTexts(Path folder, SavedAdapter adapter, BaseStorage storage)
            throws IOException {
        AdapterTask task = task(adapter);
        return openUntrained(folder, adapter, task, storage).loaded(adapter);
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
            return create(folder, Labels.numbered(1), ClassifierHead.YES_NO, OptionalInt.empty(), 0, storage);
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
            return new TextClassifier(base, Labels.read(source, network.outputSize()), null, network);
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
     * @param labels the classes; those of the adapter if it has their names
     * @param maxTokens where texts are cut; nothing for where the adapter or the folder says
     * @param storage how the large matrices of the model are stored
     * @return the classifier with the adapter
     * @throws IOException if a file cannot be read, the adapter does not fit the model, or has no classifier of as many classes
     */
    public static TextClassifier goOn(
            Path folder, SavedAdapter adapter, Labels labels, OptionalInt maxTokens, BaseStorage storage)
            throws IOException {
        AdapterTask task = task(adapter);
        if (task.labels().count() != labels.count()) {
            throw new IOException(adapter + ": the adapter must have a classifier of " + labels.count() + " classes, "
                    + labels + ", found " + task.labels().count());
        }
        OptionalInt limit = maxTokens.isPresent() ? maxTokens : task.limit();
        requireMadeFor(folder, adapter, task, maxTokens.isPresent() ? OptionalInt.empty() : limit);
        return openFor(open(folder, task, limit, storage), task, labels).loaded(adapter);
    }

    private TextClassifier loaded(SavedAdapter adapter) throws IOException {
        try {
            load(ADAPTER, adapter, labels);
            return this;
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void load(String name, SavedAdapter saved, Labels ofAdapter) throws IOException {
        LoRAAdapter adapter = saved.adapter(model.network());
        requireClassifierOf(saved.folder(), adapter, ofAdapter);
        model.add(name, adapter);
        labelsByAdapter.put(name, ofAdapter);
    }

    private void requireClassifierOf(Path folder, LoRAAdapter adapter, Labels ofAdapter) throws IOException {
        Network network = model.network();
        String module = network.replaceableHead().orElseThrow();
        LoRAAdapter.SavedModule saved = adapter.savedModules().get(module);
        // A model with a classifier of its own has a head of null, and the answer yes or no needs none.
        boolean isUntrained = head != null && head != ClassifierHead.YES_NO;
        if (saved == null && isUntrained) {
            throw new IOException(folder + ": the adapter must have a classifier, found no " + module
                    + " among its saved modules " + adapter.savedModules().keySet());
        }
        long outputs = saved == null ? network.outputSize() : saved.weight().size(0);
        if (outputs != ofAdapter.count()) {
            throw new IOException(folder + ": the classifier must have an output for each of the " + ofAdapter.count()
                    + " labels in " + AdapterTask.NAME + ", " + ofAdapter + ", found " + outputs);
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
        AdapterTask task = task(saved);
        ClassifierHead reads = task.head() == null ? base.headOfPeft() : task.head();
        if (reads != head()) {
            throw new IOException(adapter + ": the classifier must read what that of the model reads, " + head()
                    + ", found " + reads + "; open the model with this adapter alone");
        }
        if (task.limit().orElse(maxTokens()) != maxTokens()) {
            throw new IOException(adapter + ": texts must be cut where the model cuts them, after " + maxTokens()
                    + " tokens, found " + task.maxTokens() + "; open the model with this adapter alone");
        }
        load(name, saved, task.labels());
    }

    /**
     * Opens a model with a new classifier of the size that an adapter has, but without the adapter, for work on the weights. It
     * takes no texts and needs no tokenizer.
     *
     * @param folder the folder of a model
     * @param adapter the adapter
     * @param storage how the large matrices of the model are stored
     * @return the classifier
     * @throws IOException if a file cannot be read, or the adapter has no classifier
     */
    public static TextClassifier openUntrained(Path folder, SavedAdapter adapter, BaseStorage storage)
            throws IOException {
        return openUntrained(folder, adapter, task(adapter), storage);
    }

    private static TextClassifier openUntrained(
            Path folder, SavedAdapter adapter, AdapterTask task, BaseStorage storage) throws IOException {
        requireMadeFor(folder, adapter, task, OptionalInt.empty());
        return openFor(ClassifierBase.openWithoutTexts(ModelSource.of(folder), storage), task, task.labels());
    }

    /** Checks what the files of an adapter say of its model, before the weights are read. */
    private static void requireMadeFor(Path folder, SavedAdapter adapter, AdapterTask task, OptionalInt limit)
            throws IOException {
        ModelConfig config = ModelConfig.read(folder);
        ClassifierHead head = task.head();
        boolean readsDecoder = head == ClassifierHead.LAST || head == ClassifierHead.YES_NO;
        if (head != null && readsDecoder != config.isDecoder()) {
            throw new IOException(adapter + ": the model must be " + (readsDecoder ? "a decoder" : "an encoder")
                    + " for a classifier that reads " + head + ", found " + folder + ", "
                    + (readsDecoder ? "an encoder" : "a decoder")
                    + "; use the model that the adapter was trained with");
        }
        if (limit.isPresent() && limit.getAsInt() > config.maxLength()) {
            throw new IOException(adapter + ": the model must have positions for the " + limit.getAsInt()
                    + " tokens of a text, found " + config.maxLength() + " in " + folder
                    + "; use the model that the adapter was trained with");
        }
    }

    private static ClassifierBase open(Path folder, AdapterTask task, OptionalInt limit, BaseStorage storage)
            throws IOException {
        return ClassifierBase.open(ModelSource.of(folder), limit, storage, task.head() == ClassifierHead.YES_NO);
    }

    private static TextClassifier openFor(ClassifierBase base, AdapterTask task, Labels labels) {
        try {
            ClassifierHead head = task.head();
            return create(base, labels, head == null ? base.headOfPeft() : head, 0);
        } catch (RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /**
     * Returns what an adapter with a classifier is for, whoever wrote it.
     *
     * @param adapter the adapter
     * @return its task; for an adapter of PEFT, whose files have no names of classes, the classes {@code LABEL_0}, {@code LABEL_1} and
     *     so on, and a head of null for what suits the model
     * @throws IOException if the adapter has no classifier
     */
    public static AdapterTask task(SavedAdapter adapter) throws IOException {
        Objects.requireNonNull(adapter, "adapter must not be null");
        return task(adapter.folder(), adapter.task(), adapter::adapter);
    }

    /**
     * Returns what an adapter with a classifier is for; see {@link #task(SavedAdapter)}. It reads the weights only if no file says it.
     *
     * @param adapter the folder of the adapter
     * @return its task
     * @throws IOException if a file cannot be read, or the adapter has no classifier
     */
    public static AdapterTask task(Path adapter) throws IOException {
        Objects.requireNonNull(adapter, "adapter must not be null");
        return task(adapter, AdapterTask.read(adapter), () -> PeftAdapters.load(adapter));
    }

    private static AdapterTask task(
            Path folder, Optional<AdapterTask> written, PeftAdapters.WholeReading<LoRAAdapter> weights)
            throws IOException {
        AdapterTask task = written.isPresent() ? written.get() : ofPeft(folder, weights.read());
        if (task.kind() == AdapterTask.Kind.RETRIEVE) {
            throw new IOException(
                    folder + ": the adapter must have a classifier, found one of 'lora retrieve'; use it with"
                            + " 'lora embed'");
        }
        return task;
    }

    /** An adapter that PEFT trained: the classes are the rows of its classifier. */
    private static AdapterTask ofPeft(Path adapter, LoRAAdapter data) throws IOException {
        var classifier = data.savedModules().entrySet().stream()
                .filter(module -> isClassifier(module.getKey()))
                .findFirst()
                .orElseThrow(() -> new IOException(adapter
                        + ": the adapter must have a classifier among its saved modules, found "
                        + data.savedModules().keySet()));
        Labels labels =
                Labels.numbered(Math.toIntExact(classifier.getValue().weight().size(0)));
        return new AdapterTask(
                AdapterTask.Kind.CLASSIFY,
                labels,
                classifier.getKey().endsWith("score") ? ClassifierHead.LAST : null,
                0,
                0,
                Prompts.none());
    }

    /**
     * Returns whether an adapter has a classifier.
     *
     * @param adapter the adapter
     * @return true if one of its modules that are stored in full is a classifier
     */
    public static boolean isClassifier(LoRAAdapter adapter) {
        return adapter.savedModules().keySet().stream().anyMatch(TextClassifier::isClassifier);
    }

    /**
     * Returns whether a module is a classifier.
     *
     * @param module the path of a module that an adapter stores in full
     * @return true for {@code classifier}, {@code score} and the like
     */
    public static boolean isClassifier(String module) {
        Objects.requireNonNull(module, "module must not be null");
        return MODULES.stream().anyMatch(module::endsWith);
    }

    /**
     * Adds an adapter that trains together with the classifier, of which the head YES_NO has none.
     *
     * @param config the configuration
     * @return the view of the adapter
     */
    public AdapterView addAdapter(LoRAConfig config) {
        if (head == ClassifierHead.YES_NO) {
            if (config.excludeModules() != null) {
                throw new IllegalArgumentException(
                        "addAdapter: excludeModules must not be set for the head YES_NO, which"
                                + " excludes the score, found " + config.excludeModules()
                                + "; name the modules that are adapted");
            }
            // The adapter is one of the language model, which has no layer for the score.
            return add(config.toBuilder()
                    .excludeModules(TargetModules.of(base.module()))
                    .hubFields(config.hubFields().withTaskType("CAUSAL_LM"))
                    .build());
        }
        return add(config.toBuilder().modulesToSave(base.module()).build());
    }

    private AdapterView add(LoRAConfig config) {
        AdapterView added = model.add(ADAPTER, config);
        labelsByAdapter.put(ADAPTER, labels);
        return added;
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
        EncoderFolder encoder = base.encoder();
        if (encoder == null) {
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
        return base.requireTokens().tokenizer().maxTokens();
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
        Path file = target.resolve("config.json");
        ObjectNode config = Json.object(file.toString(), Files.readString(file));
        labels.write(config);
        Json.write(file, config);
    }

    /**
     * Returns the classes.
     *
     * @return their names
     */
    public Labels labels() {
        return labels;
    }

    /**
     * Returns what the classifier reads.
     *
     * @return the head; that of Hugging Face for a model with a classifier of its own
     */
    public ClassifierHead head() {
        return head == null ? (base.isDecoder() ? ClassifierHead.LAST : ClassifierHead.POOLER) : head;
    }

    /**
     * Returns the tokens of texts, cut as the model or the adapter says.
     *
     * @param texts the texts, at least one
     * @return a sequence for each
     */
    public Sequences tokens(List<String> texts) {
        return base.requireTokens().tokens(texts);
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
        if (base.isDecoder() && head != ClassifierHead.YES_NO) {
            throw new IllegalArgumentException(
                    "pairs: a decoder must have the head YES_NO, found " + head() + "; give it texts");
        }
        return base.requireTokens().pairs(pairs);
    }

    /**
     * Predicts the probabilities of the classes.
     *
     * @param texts the sequences
     * @return for each text the probability of each class, {@code [n][classes]}
     */
    public double[][] probabilities(Sequences texts) {
        return logits(texts).stream().map(TextClassifier::probabilities).toArray(double[][]::new);
    }

    private static double[] probabilities(float[] logits) {
        double[] probabilities = new double[logits.length];
        Arrays.setAll(probabilities, i -> logits[i]);
        Softmax.inPlace(probabilities);
        return probabilities;
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
        List<Labels> labelsOfTexts = adapters.stream().map(this::labelsOf).toList();
        List<ClassScores> all = new ArrayList<>();
        for (int from = 0; from < texts.count(); from += BATCH) {
            int to = Math.min(texts.count(), from + BATCH);
            List<INDArray> outputs = model.predictEach(texts.part(from, to), adapters.subList(from, to));
            for (int i = 0; i < outputs.size(); i++) {
                all.add(ClassScores.of(labelsOfTexts.get(from + i), outputs.get(i)));
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
        List<Labels> labelsOfAdapters = adapters.stream().map(this::labelsOf).toList();
        List<INDArray> outputs = model.predictWithAll(text, adapters);
        return IntStream.range(0, outputs.size())
                .mapToObj(i -> ClassScores.of(labelsOfAdapters.get(i), outputs.get(i)))
                .toList();
    }

    private Labels labelsOf(String adapter) {
        Objects.requireNonNull(adapter, "no adapter must be null");
        if (adapter.equals(LoRAModel.BASE)) {
            if (head != null) {
                throw new IllegalArgumentException(
                        "the base must have a classifier of its own, found a new one that nobody"
                                + " has trained; name an adapter of " + labelsByAdapter.keySet());
            }
            return labels;
        }
        Labels ofAdapter = labelsByAdapter.get(adapter);
        if (ofAdapter == null) {
            throw new IllegalArgumentException("an adapter must have been added with its labels, found "
                    + MessageText.quote(adapter) + "; there are " + labelsByAdapter.keySet());
        }
        return ofAdapter;
    }

    /** Frees the tokenizer. */
    @Override
    public void close() {
        base.close();
    }
}
