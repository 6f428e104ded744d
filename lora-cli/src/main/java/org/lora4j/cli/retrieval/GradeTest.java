package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.model.OneAdapter;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.metrics.Correlation;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Similarity;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.TextPair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How far the similarities or scores of pairs go together with grades, such as those that people gave.
 *
 * @param pairs the number of pairs
 * @param pearson Pearson's correlation
 * @param spearman Spearman's correlation, that of the ranks
 * @param skipped what was wrong with lines that were left out
 */
public record GradeTest(int pairs, double pearson, double spearman, List<String> skipped) {
    private static final int AT_A_TIME = 32;

    /**
     * The columns of graded pairs.
     *
     * @param query the first text
     * @param text the second text
     * @param grade a number
     */
    public record Columns(Column query, Column text, Column grade) {}

    private record Graded(TextPair pair, double grade) {
        static Graded of(TextRow row, Columns columns) {
            return new Graded(
                    PairColumns.pair(row, columns.query(), columns.text()),
                    columns.grade().number(row));
        }
    }

    /**
     * Tests the similarities of embeddings.
     *
     * @param files the model, and its adapter if there is one
     * @param data the file
     * @param columns the columns
     * @param asked what replaces what the model and the adapter say
     * @return what was found
     * @throws IOException if a file cannot be read, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong, or all grades or all similarities are equal
     */
    public static GradeTest ofEmbeddings(AdaptedModel files, DataFile data, Columns columns, TaskSettings asked)
            throws IOException {
        try (OneAdapter<Embed.Texts, float[]> model =
                OneAdapter.open(Embed.class, files, Embed.asTheModelSays(), asked)) {
            // A model that embeds is opened as an encoder.
            Similarity similarity = ((EncoderFolder) model.opened()).similarity();
            return of(
                    data,
                    columns,
                    pairs -> similarity.pairs(
                            embeddings(model, Embed.Kind.QUERY, pairs, TextPair::first),
                            embeddings(model, Embed.Kind.DOCUMENT, pairs, TextPair::second)));
        }
    }

    private static INDArray embeddings(
            OneAdapter<Embed.Texts, float[]> model,
            Embed.Kind kind,
            List<TextPair> pairs,
            Function<TextPair, String> text) {
        return Nd4j.createFromArray(
                model.answer(Embed.Texts.of(kind, pairs.stream().map(text).toList()))
                        .toArray(float[][]::new));
    }

    /**
     * Tests the scores of a reranker.
     *
     * @param files the model, and its adapter if there is one
     * @param data the file
     * @param columns the columns
     * @return what was found
     * @throws IOException if a file cannot be read, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong, or all grades or all scores are equal
     */
    public static GradeTest ofReranker(AdaptedModel files, DataFile data, Columns columns) throws IOException {
        try (TextClassifier classifier = RerankTask.open(files)) {
            return of(data, columns, pairs -> classifier.scores(classifier.pairs(pairs)));
        }
    }

    private static GradeTest of(DataFile data, Columns columns, Function<List<TextPair>, double[]> scores)
            throws IOException {
        try (DataFile.Divided<Graded> parts = data.read(row -> Graded.of(row, columns), 0)) {
            List<Graded> all = parts.train();
            double[] found = new double[all.size()];
            double[] grades = new double[all.size()];
            for (int from = 0; from < found.length; from += AT_A_TIME) {
                List<TextPair> some = new ArrayList<>();
                for (int i = from; i < Math.min(found.length, from + AT_A_TIME); i++) {
                    Graded graded = all.get(i);
                    some.add(graded.pair());
                    grades[i] = graded.grade();
                }
                System.arraycopy(scores.apply(some), 0, found, from, some.size());
            }
            return new GradeTest(
                    found.length,
                    Correlation.pearson(found, grades),
                    Correlation.spearman(found, grades),
                    parts.pass().skipped());
        }
    }
}
