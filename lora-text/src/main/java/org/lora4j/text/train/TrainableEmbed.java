package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.data.SearchText;
import org.lora4j.text.internal.TextTable;
import org.lora4j.text.metrics.Ranking;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.Similarity;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Learns embeddings with which a query finds the texts that belong to it. In a batch, the texts of the other queries are the wrong
 * answers; in a batch of triples also the negatives of all queries.
 */
public final class TrainableEmbed implements TrainableTask<RetrievalExample, RankedTexts> {
    /** The factor of the cosine with which most models are trained. */
    public static final double SCALE = 20;

    private static final int QUERIES_AT_A_TIME = 1024;

    private final Embed task;
    private final RowModel<Embed.Texts, float[]> rows;
    private final Network network;
    private final Similarity similarity;
    private final Loss loss;

    /** The texts that belong to a query, over all examples that were named. */
    private final TextTable known = new TextTable();

    private TrainableEmbed(Embed task, TextTokens tokens, Network network, Similarity similarity, Loss loss) {
        Objects.requireNonNull(task, "task must not be null");
        this.network = Objects.requireNonNull(network, "network must not be null");
        this.similarity = Objects.requireNonNull(similarity, "similarity must not be null");
        this.loss = loss;
        rows = task.on(tokens, network);
        this.task = new Embed(OptionalInt.of(rows.maxTokens()), task.dimensions(), task.prompts());
    }

    /**
     * Learns from pairs of a query and a text that belongs to it.
     *
     * @param task where texts are cut, how long embeddings are, and the prompts
     * @param tokens the tokens of the model
     * @param network the model with the head of the task, whose embeddings are as long as the task says
     * @param similarity how embeddings are compared when they are measured
     * @param scale the factor of the cosine in the loss
     * @return the task on the model
     * @throws IllegalArgumentException if the model does not take so long texts, or the scale is not positive
     */
    public static TrainableEmbed ofPairs(
            Embed task, TextTokens tokens, Network network, Similarity similarity, double scale) {
        return new TrainableEmbed(task, tokens, network, similarity, Loss.inBatchNegatives(scale, 0));
    }

    /**
     * Learns from triples, which also have a text that does not belong to the query.
     *
     * @param task as in {@link #ofPairs}
     * @param tokens as in {@link #ofPairs}
     * @param network as in {@link #ofPairs}
     * @param similarity as in {@link #ofPairs}
     * @param scale as in {@link #ofPairs}
     * @return as {@link #ofPairs}
     * @throws IllegalArgumentException as {@link #ofPairs}
     */
    public static TrainableEmbed ofTriples(
            Embed task, TextTokens tokens, Network network, Similarity similarity, double scale) {
        return new TrainableEmbed(task, tokens, network, similarity, Loss.inBatchNegatives(scale, 1));
    }

    /**
     * Says before the training that a text belongs to a query, so that it is no wrong answer in a batch where another example has it.
     * What the examples of a batch say of each other is always known.
     *
     * @param example the query and the text
     */
    public void know(RetrievalExample example) {
        known.put(pair(example.query(), example.positive()), 1);
    }

    private static String pair(String query, String text) {
        return query + '\n' + text;
    }

    @Override
    public Embed task() {
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
     * @throws IllegalArgumentException if some of them have a negative and others not, or a text has no tokens
     */
    @Override
    public Batch batch(List<RetrievalExample> examples) {
        examples.forEach(this::know);
        List<String> queries = examples.stream().map(RetrievalExample::query).toList();
        List<String> positives =
                examples.stream().map(RetrievalExample::positive).toList();
        List<String> negatives = negatives(examples);
        Sequences first = tokens(Embed.Kind.QUERY, queries);
        Sequences second = tokens(Embed.Kind.DOCUMENT, positives);
        Batch batch = negatives.isEmpty()
                ? Batch.ofPairs(first, second)
                : Batch.ofTriples(first, second, tokens(Embed.Kind.DOCUMENT, negatives));
        return batch.withPositives(belongs(
                queries, Stream.concat(positives.stream(), negatives.stream()).toList()));
    }

    /** {@inheritDoc} These are the query, the text that belongs to it, and the one that does not. */
    @Override
    public Optional<Function<RetrievalExample, List<String>>> distinctTexts() {
        return Optional.of(example -> Stream.of(example.query(), example.positive(), example.negative())
                .filter(Objects::nonNull)
                .distinct()
                .toList());
    }

    private static List<String> negatives(List<RetrievalExample> examples) {
        List<String> negatives = new ArrayList<>();
        for (RetrievalExample example : examples) {
            if (example.negative() != null) {
                negatives.add(example.negative());
            }
        }
        if (!negatives.isEmpty() && negatives.size() != examples.size()) {
            throw new IllegalArgumentException("either all examples must have a negative or none, found "
                    + negatives.size() + " negatives for " + examples.size() + " examples");
        }
        return negatives;
    }

    private boolean[][] belongs(List<String> queries, List<String> texts) {
        boolean[][] belongs = new boolean[queries.size()][texts.size()];
        for (int i = 0; i < belongs.length; i++) {
            for (int j = 0; j < belongs[i].length; j++) {
                belongs[i][j] = known.get(pair(queries.get(i), texts.get(j))) != TextTable.NONE;
            }
        }
        return belongs;
    }

    private Sequences tokens(Embed.Kind kind, List<String> texts) {
        return rows.tokens(Embed.Texts.of(kind, texts));
    }

    /**
     * Computes embeddings.
     *
     * @param model the network, or an adapter on it
     * @param kind what the texts are
     * @param texts the texts, at least one
     * @return the embedding of each text, {@code [n, dim]}
     */
    public INDArray embeddings(Model model, Embed.Kind kind, List<String> texts) {
        Sequences tokens = tokens(kind, texts);
        List<INDArray> parts = new ArrayList<>();
        for (int from = 0; from < tokens.count(); from += Portions.SIZE) {
            parts.add(model.predict(tokens.part(from, Math.min(tokens.count(), from + Portions.SIZE))));
        }
        return Nd4j.concat(0, parts.toArray(INDArray[]::new));
    }

    /**
     * {@inheritDoc} Each query searches among all texts of the examples, whose embeddings are in memory.
     *
     * @param model the network, or an adapter on it
     * @param held examples that do not train
     */
    @Override
    public RankedTexts measure(Model model, Iterable<RetrievalExample> held) {
        return measure(
                texts -> {
                    INDArray documents = embeddings(model, Embed.Kind.DOCUMENT, texts);
                    return queries -> similarity.all(embeddings(model, Embed.Kind.QUERY, queries), documents);
                },
                held);
    }

    /**
     * Searches in a corpus, exactly. In memory are the embeddings of the queries, and those of some documents at a time.
     *
     * @param model the network, or an adapter on it
     * @param collection the queries and the documents
     * @param depth how many documents of each query are kept
     * @return the best documents of each query
     * @throws IllegalArgumentException as {@link SearchRun#of(SearchCollection, int, SearchRun.Scorer)}
     */
    public SearchRun search(Model model, SearchCollection collection, int depth) {
        INDArray queries = embeddings(model, Embed.Kind.QUERY, texts(collection.queries()));
        return SearchRun.of(collection, depth, documents -> {
            INDArray embedded = embeddings(model, Embed.Kind.DOCUMENT, texts(documents));
            double[][] scores = new double[(int) queries.size(0)][];
            // The products are in double precision, so not those of all queries at once.
            for (int from = 0; from < scores.length; from += QUERIES_AT_A_TIME) {
                int to = Math.min(scores.length, from + QUERIES_AT_A_TIME);
                double[][] some = similarity.all(
                        queries.get(NDArrayIndex.interval(from, to), NDArrayIndex.all())
                                .dup(),
                        embedded);
                System.arraycopy(some, 0, scores, from, some.length);
            }
            return scores;
        });
    }

    private static List<String> texts(List<SearchText> texts) {
        return texts.stream().map(SearchText::text).toList();
    }

    /** Searches among texts. */
    @FunctionalInterface
    public interface Search {
        /**
         * Gives texts a score for each of some queries.
         *
         * @param queries the queries
         * @return the score of each text {@code [queries][texts]}, of which a greater one is better
         */
        double[][] scores(List<String> queries);
    }

    /**
     * Measures whatever searches.
     *
     * @param index makes a search among texts
     * @param held examples that do not train
     * @return how well each query finds its texts among all texts of the examples
     */
    public static RankedTexts measure(Function<List<String>, Search> index, Iterable<RetrievalExample> held) {
        Map<String, Integer> texts = new LinkedHashMap<>();
        Map<String, Map<Integer, Integer>> grades = new LinkedHashMap<>();
        for (RetrievalExample example : held) {
            grades.computeIfAbsent(example.query(), query -> new LinkedHashMap<>())
                    .put(texts.computeIfAbsent(example.positive(), text -> texts.size()), 1);
            if (example.negative() != null) {
                texts.computeIfAbsent(example.negative(), text -> texts.size());
            }
        }
        List<Ranking> found = new ArrayList<>();
        List<Ranking> chance = new ArrayList<>();
        if (!grades.isEmpty()) {
            Search search = index.apply(List.copyOf(texts.keySet()));
            Portions.forEach(grades.entrySet(), some -> {
                double[][] scores =
                        search.scores(some.stream().map(Map.Entry::getKey).toList());
                for (int i = 0; i < scores.length; i++) {
                    found.add(Ranking.expected(scores[i], some.get(i).getValue()));
                    chance.add(Ranking.expected(
                            new double[texts.size()], some.get(i).getValue()));
                }
            });
        }
        return new RankedTexts(
                RankedTexts.Ranks.of(found, texts.size()), RankedTexts.Ranks.of(chance, texts.size()), null);
    }
}
