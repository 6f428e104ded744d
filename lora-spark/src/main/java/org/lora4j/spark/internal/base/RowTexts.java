package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.SavedClassifier;
import org.lora4j.text.task.ShorterEmbeddings;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.RerankPrompt;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a {@link Task} does with rows: it makes the tokens of their texts, and reads the outputs of the network. It stands between the
 * classes that Spark sends and lora-text, which a cluster without encoders need not have. Thread-safe.
 */
public final class RowTexts {
    private final RowTask<?, ?> task;
    private final EncoderSettings settings;
    private final Supplier<TextTokens> files;
    private final Network network;
    private final int length;
    private @Nullable Function<TextPair, Sequences> tokens;

    /**
     * Prepares a task on a network.
     *
     * @param files opens what makes the tokens, when the first row has a text
     */
    RowTexts(RowTask<?, ?> task, EncoderSettings settings, Supplier<TextTokens> files, Network network) {
        this.task = task;
        this.settings = settings;
        this.files = files;
        this.network = network;
        int outputs = Math.toIntExact(network.outputSize());
        length = task instanceof Embed embed
                ? new ShorterEmbeddings(network).require(embed.dimensions().orElse(outputs))
                : outputs;
    }

    /**
     * Checks that the library of the tokenizers is there.
     *
     * @throws IllegalStateException if it is not
     */
    public static void requireLibrary(ClassLoader classes) {
        try {
            Class.forName("org.lora4j.text.tokens.Tokenizer", false, classes);
            Class.forName("ai.djl.huggingface.tokenizers.HuggingFaceTokenizer", false, classes);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "a column of texts needs the libraries org.lora4j:lora-text and"
                            + " ai.djl.huggingface:tokenizers on the driver and on each executor, found none; add them to"
                            + " the jars, or give a column of tokens",
                    e);
        }
    }

    /** The task that the parameters of a stage say. */
    static RowTask<?, ?> task(EncoderSettings settings, boolean isDecoder) {
        if (settings.head() == EncoderHead.EMBEDDING) {
            return Embed.asTheModelSays().with(asked(settings));
        }
        Head head = head(settings.head(), isDecoder);
        return settings.pairs() == null
                ? new Classify(Labels.numbered(Math.max(1, settings.labels())), head, settings.maxTokens())
                : new Rerank(head, settings.maxTokens());
    }

    /**
     * The task that an adapter says, with what the parameters of a stage say in its place.
     *
     * @param where the adapter, for messages
     * @param json the content of its {@code task.json}
     * @throws IOException if the content is damaged, or is for another stage
     */
    static RowTask<?, ?> task(EncoderSettings settings, boolean isDecoder, String where, String json)
            throws IOException {
        Task said = TaskFile.parse(where, json);
        Head head = head(settings.head(), isDecoder);
        if (said instanceof Tag) {
            throw new IOException(where + ": the adapter " + said.does() + "; use LoRATagger");
        }
        if (said.head() != head || !(said instanceof RowTask<?, ?>)) {
            throw new IOException(where + ": the adapter must be one for a model with the head " + head.text()
                    + ", found one that " + said.does() + " with the head "
                    + said.head().text() + "; use it in a stage whose encoderHead is that");
        }
        boolean takesPairs = said instanceof Rerank || said instanceof ClassifyPairs;
        if (takesPairs != (settings.pairs() != null)) {
            throw new IOException(where + ": the adapter " + said.does() + ", so pairCol must "
                    + (takesPairs ? "be set, found none" : "not be set, found '" + settings.pairs() + "'")
                    + "; use it in a stage of its own");
        }
        try {
            return (RowTask<?, ?>) said.with(asked(settings));
        } catch (IllegalArgumentException e) {
            throw new IOException(where + ": " + e.getMessage(), e);
        }
    }

    /**
     * Gives a stage whose rows all have one adapter the head and the labels of that adapter.
     *
     * @throws IOException if the content is damaged
     * @throws IllegalArgumentException if a parameter of the stage says something else
     */
    static EncoderSettings settings(EncoderSettings stage, String json) throws IOException {
        Task said = TaskFile.parse("task.json", json);
        EncoderHead head = switch (said.head()) {
            case EMBEDDING -> EncoderHead.EMBEDDING;
            case MEAN -> EncoderHead.MEAN_CLASSIFIER;
            case POOLER, LAST -> EncoderHead.CLASSIFIER;
            case YES_NO -> EncoderHead.YES_NO;
            case TOKENS -> throw new IllegalArgumentException("the adapter " + said.does() + "; use LoRATagger");
            case NEXT_TOKEN ->
                throw new IllegalArgumentException("the adapter " + said.does() + "; use LoRACausalLMModel");
        };
        if (stage.isHeadSet() && stage.head() != head) {
            throw new IllegalArgumentException("encoderHead must be '" + head.text() + "' for an adapter that "
                    + said.does() + ", found '" + stage.head().text() + "'; clear it, because the adapter says it");
        }
        int labels = said.classes().map(Labels::count).orElse(said instanceof Rerank ? 1 : 0);
        if (stage.labels() != 0 && stage.labels() != labels) {
            throw new IllegalArgumentException("numLabels must be " + labels + " for an adapter that " + said.does()
                    + ", found " + stage.labels() + "; clear it, because the adapter says it");
        }
        return stage.with(head);
    }

    /** Embeddings alone have prompts and a length of their own. */
    private static TaskSettings asked(EncoderSettings settings) {
        return new TaskSettings(
                settings.maxTokens(),
                settings.dimensions() == 0 ? OptionalInt.empty() : OptionalInt.of(settings.dimensions()),
                prompts(settings));
    }

    private static Prompts prompts(EncoderSettings settings) {
        String words = settings.prompt();
        return words == null ? Prompts.none() : new Prompts(Map.of("prompt", words), "prompt");
    }

    private static Head head(EncoderHead head, boolean isDecoder) {
        return switch (head) {
            case EMBEDDING -> Head.EMBEDDING;
            case MEAN_CLASSIFIER -> Head.MEAN;
            case CLASSIFIER -> isDecoder ? Head.LAST : Head.POOLER;
            case YES_NO -> Head.YES_NO;
        };
    }

    /** Puts the head on a decoder that answers yes or no. */
    static Network answer(PretrainedModel decoder, TextTokens tokens) {
        return RerankPrompt.of(tokens.tokenizer(), tokens.positions(), OptionalInt.empty())
                .answer(decoder);
    }

    /**
     * Checks that an adapter has what the task reads.
     *
     * @param hasOwn whether the base has a head of its own
     * @throws IOException if it has not
     */
    RowTexts requireFits(String where, LoRAAdapter adapter, boolean hasOwn) throws IOException {
        task.requireFits(where, adapter, hasOwn);
        return this;
    }

    /**
     * Checks that an adapter that does not say what it is for has a classifier for a base that has none.
     *
     * @throws IOException if it has not
     */
    static void requireClassifier(String where, LoRAAdapter adapter) throws IOException {
        if (SavedClassifier.of(adapter).isEmpty()) {
            throw new IOException(where + ": the adapter must have a classifier among its saved modules, found "
                    + adapter.savedModules().keySet() + "; set numLabels, or another encoderHead");
        }
    }

    /**
     * Returns what an adapter says that was trained with these parameters.
     *
     * @param problem what the outputs of a classifier mean
     * @return the content of {@code task.json}; null if there is no such file for it
     */
    public @Nullable String json(ProblemType problem) {
        String name = settings.promptName();
        if (task instanceof Embed embed) {
            Prompts named = name == null
                    ? embed.prompts()
                    : new Prompts(Map.of(name, files.get().prompts().apply(name, "")), name);
            return TaskFile.json(new Embed(embed.maxTokens(), embed.dimensions(), named));
        }
        int outputs = Math.toIntExact(network.outputSize());
        if (task instanceof Rerank && outputs == 1 && problem == ProblemType.SINGLE_LABEL_CLASSIFICATION) {
            return TaskFile.json(task);
        }
        if (task instanceof Rerank || task instanceof ClassifyPairs) {
            return task.head().classifiesTexts() && task.head() != Head.LAST
                    ? TaskFile.json(new ClassifyPairs(classifier(outputs, problem)))
                    : null;
        }
        // There is no place for the prompts of a classifier.
        return settings.hasPrompt() ? null : TaskFile.json(classifier(outputs, problem));
    }

    private Classify classifier(int outputs, ProblemType problem) {
        return new Classify(new Outputs(Labels.numbered(outputs), problem), task.head(), task.maxTokens());
    }

    /**
     * Returns the tokens of a row.
     *
     * @param text its text, or the first one of a pair
     * @param other the second text of a pair, or else an empty one
     * @throws InvalidRowException if the text has none
     */
    public Sequences encode(String text, String other) {
        Function<TextPair, Sequences> encoder = tokens();
        try {
            return encoder.apply(new TextPair(text, other));
        } catch (IllegalArgumentException e) {
            throw new InvalidRowException("featuresCol: " + e.getMessage(), e);
        }
    }

    /** Whether a text may have any number of labels, which no single number says. */
    public boolean hasSeveralLabels() {
        return task.classifierOutputs()
                .filter(outputs -> outputs.problem() == ProblemType.MULTI_LABEL_CLASSIFICATION)
                .isPresent();
    }

    private synchronized Function<TextPair, Sequences> tokens() {
        if (tokens == null) {
            tokens = newTokens(files.get());
        }
        return tokens;
    }

    private Function<TextPair, Sequences> newTokens(TextTokens all) {
        if (task instanceof Embed embed) {
            requirePrompt(all.prompts().with(embed.prompts()));
            RowModel<Embed.Texts, float[]> rows = embed.on(all, network);
            return row -> rows.tokens(
                    new Embed.Texts(List.of(row.first()), Embed.Kind.TEXT, settings.promptName(), OptionalInt.empty()));
        }
        if (task instanceof Rerank rerank) {
            RowModel<List<TextPair>, ?> rows = rerank.on(all, network);
            return row -> rows.tokens(List.of(row));
        }
        if (task instanceof ClassifyPairs pairs) {
            RowModel<List<TextPair>, ?> rows = pairs.on(all, network);
            return row -> rows.tokens(List.of(row));
        }
        requirePrompt(all.prompts());
        Prompts prompts = settings.promptName() == null
                ? all.prompts().with(prompts(settings))
                : new Prompts(all.prompts().texts(), settings.promptName());
        TextTokens prompted = all.withPrompts(prompts);
        // A prompt that leaves no room is no fault of a row.
        Objects.requireNonNull(prompted.withMaxTokens(task.limit(all)).encode(""));
        RowModel<List<String>, ?> rows = ((Classify) task).on(prompted, network);
        return row -> rows.tokens(List.of(row.first()));
    }

    private void requirePrompt(Prompts prompts) {
        String name = settings.promptName();
        if (name != null && !prompts.texts().containsKey(name)) {
            throw new IllegalArgumentException("promptName must be one of the prompts of the folder, "
                    + new TreeSet<>(prompts.texts().keySet()) + ", found '" + name
                    + "'; set another name, or set prompt to the words");
        }
    }

    /**
     * Reads the outputs of a row.
     *
     * @param outputs the outputs of the network, {@code [1, out]}
     * @return an embedding of the length of the task, or the outputs of a classifier
     */
    public double[] outputs(INDArray outputs) {
        float[] values = outputs.toFloatVector();
        if (length < values.length && task instanceof Embed) {
            values = new ShorterEmbeddings(network).cut(new float[][] {values}, length)[0];
        }
        double[] numbers = new double[values.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = values[i];
        }
        return numbers;
    }
}
