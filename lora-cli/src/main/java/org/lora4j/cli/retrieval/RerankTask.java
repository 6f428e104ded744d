package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.model.Head;
import org.lora4j.cli.model.TaskFile;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Examples;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.Labels;
import org.lora4j.text.ModelKind;
import org.lora4j.text.TextPair;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter learns to read a query and a text together, and to say whether they belong together: a cross-encoder. */
public final class RerankTask implements TextTask<RankResult> {
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
    public record Settings(Columns columns, @Nullable Head head, OptionalInt maxTokens) {}

    private RerankTask(TrainingInput input, DataFile.Parts<RankedPair> pairs, TextClassifier classifier) {
        this.classifier = classifier;
        this.pairs = pairs;
        EncoderFolder encoder = classifier.encoder();
        train = PairTokens.of(encoder, pairs.train());
        validation = pairs.validation().isEmpty() ? null : PairTokens.of(encoder, pairs.validation());
        adapter = classifier.addAdapter(input.configOn(encoder.name()));
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
        ModelKind.require(input.model(), false, "a cross-encoder");
        long seed = input.plan().seed();
        DataFile.Parts<RankedPair> pairs = RankedPair.read(input.data(), settings.columns(), seed);
        if (pairs.train().stream().map(RankedPair::right).distinct().count() < 2) {
            throw new IOException(input.data().file()
                    + ": the examples for training must have texts that belong to their query and texts that do not, found"
                    + " only one kind");
        }
        TextClassifier classifier = TextClassifier.create(
                input.model(),
                Labels.of(List.of("LABEL_0")),
                settings.head(),
                settings.maxTokens(),
                seed,
                input.storage());
        try {
            return new RerankTask(input, pairs, classifier);
        } catch (RuntimeException e) {
            classifier.close();
            throw e;
        }
    }

    /**
     * Tests an adapter on a file.
     *
     * @param folder the folder of the model
     * @param adapter the folder of the adapter
     * @param data the file
     * @param columns the columns
     * @param storage how the large matrices of the model are stored
     * @return the metrics
     * @throws IOException if a file cannot be read, the adapter does not fit, or no query has right and wrong texts
     */
    public static RankTest test(Path folder, Path adapter, DataFile data, Columns columns, BaseStorage storage)
            throws IOException {
        ModelKind.require(folder, false, "a cross-encoder");
        try (TextClassifier classifier = TextClassifier.open(folder, adapter, storage)) {
            DataFile.Parts<RankedPair> pairs = RankedPair.read(data, columns, 0);
            if (RankedPair.byQuery(pairs.train()).isEmpty()) {
                throw new IOException(data.file()
                        + ": at least one query must have texts that belong to it and texts that do not, found none");
            }
            PairTokens tokens = PairTokens.of(classifier.encoder(), pairs.train());
            return new RankTest(RankedPair.rank(pairs.train(), classifier.scores(tokens.sequences())), pairs.skipped());
        }
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
    public static long predict(TextClassifier classifier, RowFile file, String query, String passage)
            throws IOException {
        return file.copy(row -> row.pair(query, passage), some -> scores(classifier, some));
    }

    private static List<Map<String, Object>> scores(TextClassifier classifier, List<TextPair> pairs) {
        double[] scores = classifier.scores(classifier.encoder().pairs(pairs));
        return Arrays.stream(scores)
                .mapToObj(score -> Map.<String, Object>of("score", score))
                .toList();
    }

    @Override
    public Parts parts() {
        int maxTokens = classifier.maxTokens();
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", "rerank");
        values.put("head", classifier.head().name().toLowerCase(Locale.ROOT));
        values.put("maxTokens", maxTokens);
        return new Parts(
                classifier.name(),
                classifier.model().network(),
                adapter,
                Loss.multiLabel(),
                false,
                train,
                validation == null ? Examples.NONE : validation,
                maxTokens,
                0,
                pairs.skipped(),
                values);
    }

    @Override
    public boolean writeTask(Path folder) throws IOException {
        TaskFile.rerank(classifier.head(), classifier.maxTokens()).write(folder);
        return true;
    }

    @Override
    public RankResult measure() {
        PairTokens tested = validation;
        if (tested == null || RankedPair.byQuery(tested.pairs()).isEmpty()) {
            return new RankResult(null, null);
        }
        return new RankResult(
                RankedPair.rank(tested.pairs(), cosines(tested.pairs())),
                RankedPair.rank(tested.pairs(), classifier.scores(tested.sequences())));
    }

    /** What the encoder can do as it is: the cosine of the sentence embeddings of each pair. */
    private double[] cosines(List<RankedPair> tested) {
        EncoderFolder encoder = classifier.encoder();
        Network network = encoder.sentenceEmbeddings();
        INDArray queries = Embeddings.of(
                network,
                encoder.queries(tested.stream().map(pair -> pair.pair().first()).toList()));
        INDArray texts = Embeddings.of(
                network,
                encoder.documents(
                        tested.stream().map(pair -> pair.pair().second()).toList()));
        return queries.mul(texts).sum(1).toDoubleVector();
    }

    /** Frees the tokenizer. */
    @Override
    public void close() {
        classifier.close();
    }
}
