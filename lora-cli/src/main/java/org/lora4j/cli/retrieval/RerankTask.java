package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.cli.train.Examples;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter learns to read a query and a text together, and to say whether they belong together: a cross-encoder. */
public final class RerankTask implements TextTask<RankResult> {
    private static final int AT_A_TIME = 32;

    private final TextClassifier classifier;
    private final DataFile.Parts<RankedPair> pairs;
    private final AdapterView adapter;
    private final PairTokens train;
    private final @Nullable PairTokens validation;

    /**
     * The settings of a cross-encoder.
     *
     * @param columns the columns
     * @param head what the score is computed from; null for what suits the model
     * @param maxTokens where pairs are cut; empty for where the folder of the model says
     */
    public record Settings(PairColumns columns, @Nullable Head head, OptionalInt maxTokens) {}

    private RerankTask(TrainingInput input, DataFile.Parts<RankedPair> pairs, TextClassifier classifier) {
        this.classifier = classifier;
        this.pairs = pairs;
        train = new PairTokens(classifier, pairs.train());
        validation = pairs.validation().isEmpty() ? null : new PairTokens(classifier, pairs.validation());
        adapter =
                input.begin() == null ? classifier.addAdapter(input.configOn(classifier.name())) : classifier.adapter();
    }

    /**
     * Reads the pairs and opens the model.
     *
     * @param input what is trained
     * @param settings the settings of the cross-encoder
     * @return the task
     * @throws IOException if a file cannot be read, or all texts for training are right or all are wrong
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static RerankTask open(TrainingInput input, Settings settings) throws IOException {
        boolean isDecoder = ModelConfig.read(input.model()).isDecoder();
        Head head = settings.head() == null && isDecoder ? Head.YES_NO : settings.head();
        if (isDecoder && head != Head.YES_NO) {
            throw new IllegalArgumentException(
                    "head: a cross-encoder on a decoder must have the head YES_NO, found " + head);
        }
        long seed = input.plan().seed();
        Set<Boolean> kinds = new HashSet<>();
        DataFile.Parts<RankedPair> pairs = RankedPair.read(
                input.data(),
                settings.columns(),
                (examples, part) -> {
                    if (part == Division.Part.TRAIN) {
                        examples.forEach(pair -> kinds.add(pair.right()));
                    }
                },
                seed);
        TextClassifier classifier = null;
        try {
            if (kinds.size() < 2) {
                throw new IOException(input.data().file()
                        + ": the examples for training must have texts that belong to their query and texts that do not,"
                        + " found only one kind");
            }
            Labels score = Labels.numbered(1);
            classifier = input.begin() == null
                    ? TextClassifier.create(input.model(), score, head, settings.maxTokens(), seed, input.storage())
                    : TextClassifier.goOn(input.model(), input.begin(), score, settings.maxTokens(), input.storage());
            return new RerankTask(input, pairs, classifier);
        } catch (IOException | RuntimeException e) {
            pairs.close();
            if (classifier != null) {
                classifier.close();
            }
            throw e;
        }
    }

    /**
     * Tests an adapter, or a reranker as it is, on a file.
     *
     * @param folder the folder of the model
     * @param adapter the adapter; null for the model alone
     * @param data the file
     * @param columns the columns
     * @param storage how the large matrices of the model are stored
     * @return the metrics
     * @throws IOException if a file cannot be read, the adapter does not fit, or no query has right and wrong texts
     */
    public static RankTest test(
            Path folder, @Nullable SavedAdapter adapter, DataFile data, PairColumns columns, BaseStorage storage)
            throws IOException {
        try (TextClassifier classifier = open(folder, adapter, storage);
                DataFile.Parts<RankedPair> pairs = RankedPair.read(data, columns, (examples, part) -> {}, 0)) {
            RankedPair.Queries queries = RankedPair.Queries.of(pairs.train());
            if (queries.isEmpty()) {
                throw new IOException(data.file()
                        + ": at least one query must have texts that belong to it and texts that do not, found none");
            }
            double[] scores = scores(pairs.train(), some -> scores(classifier, some));
            return new RankTest(queries.rank(scores).metrics(), queries.calibration(scores), pairs.skipped());
        }
    }

    /**
     * Opens an adapter, or a reranker as it is.
     *
     * @param folder the folder of the model
     * @param adapter the adapter; null for the model alone
     * @param storage how the large matrices of the model are stored
     * @return what gives pairs a score
     * @throws IOException if a file cannot be read, or the adapter does not fit
     */
    public static TextClassifier open(Path folder, @Nullable SavedAdapter adapter, BaseStorage storage)
            throws IOException {
        return adapter == null
                ? TextClassifier.openReranker(folder, storage)
                : TextClassifier.openAdapted(folder, adapter, storage);
    }

    /**
     * Adds the score of each pair to the rows of a file: {@code score}, between 0 and 1.
     *
     * @param classifier the model
     * @param file the files
     * @param query the column of the query
     * @param passage the column of the text
     * @return the number of rows
     * @throws IOException if a file cannot be read or written
     */
    public static long predict(TextClassifier classifier, RowFile file, Column query, Column passage)
            throws IOException {
        return file.copy(
                row -> RankedPair.pair(row, query, passage),
                some -> Arrays.stream(scores(classifier, some))
                        .mapToObj(score -> Map.<String, Object>of("score", score))
                        .toList());
    }

    private static double[] scores(TextClassifier classifier, List<TextPair> pairs) {
        return classifier.scores(classifier.pairs(pairs));
    }

    /** Scores pairs, of which it holds only some at a time. */
    private static double[] scores(List<RankedPair> pairs, Function<List<TextPair>, double[]> score) {
        double[] all = new double[pairs.size()];
        for (int from = 0; from < all.length; from += AT_A_TIME) {
            List<TextPair> some = new ArrayList<>();
            for (int i = from; i < Math.min(all.length, from + AT_A_TIME); i++) {
                some.add(pairs.get(i).pair());
            }
            System.arraycopy(score.apply(some), 0, all, from, some.size());
        }
        return all;
    }

    @Override
    public Parts parts() {
        int maxTokens = classifier.maxTokens();
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", "rerank");
        values.put("head", classifier.head().text());
        values.put("maxTokens", maxTokens);
        return new Parts(
                classifier.name(),
                classifier.model().network(),
                adapter,
                Loss.multiLabel(),
                false,
                train,
                validation == null ? Examples.NONE : validation,
                pairs.test().size(),
                pairs.copies(),
                maxTokens,
                0,
                pairs.skipped(),
                values);
    }

    @Override
    public boolean writeTask(Path folder) throws IOException {
        new Rerank(classifier.head(), OptionalInt.of(classifier.maxTokens())).write(folder);
        return true;
    }

    @Override
    public RankResult measure() {
        List<RankedPair> tested = pairs.judging();
        RankedPair.Queries queries = RankedPair.Queries.of(tested);
        if (queries.isEmpty()) {
            return RankResult.unmeasured();
        }
        double[] after = scores(tested, some -> scores(classifier, some));
        return RankResult.of(
                Judgement.MeasuredOn.of(pairs.test()),
                queries.chance(),
                queries.rank(before(tested)),
                queries.rank(after),
                queries.calibration(after));
    }

    /** What the model can do as it is: a decoder answers, and an encoder has sentence embeddings. */
    private double[] before(List<RankedPair> tested) {
        if (classifier.head() == Head.YES_NO) {
            Model base = classifier.model().base();
            return scores(tested, some -> {
                INDArray answers = base.predict(classifier.pairs(some));
                return answers.reshape(answers.length()).toDoubleVector();
            });
        }
        EncoderFolder encoder = classifier.encoder();
        Network embeddings = encoder.sentenceEmbeddings();
        return scores(tested, some -> similarities(encoder, embeddings, some));
    }

    /** What the encoder can do as it is: the similarity of the sentence embeddings of each pair. */
    private static double[] similarities(EncoderFolder encoder, Network embeddings, List<TextPair> pairs) {
        INDArray queries = embeddings.predict(
                encoder.queries(pairs.stream().map(TextPair::first).toList()));
        INDArray texts = embeddings.predict(
                encoder.documents(pairs.stream().map(TextPair::second).toList()));
        return encoder.similarity().pairs(queries, texts);
    }

    /** Frees the tokenizer, and closes the files. */
    @Override
    public void close() {
        classifier.close();
        pairs.close();
    }
}
