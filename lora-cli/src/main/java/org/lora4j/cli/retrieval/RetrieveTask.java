package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Examples;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.Model;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.train.RankedTexts;
import org.lora4j.text.train.SearchRun;
import org.lora4j.text.train.TrainableEmbed;

/** An adapter learns embeddings with which queries find the texts that belong to them. */
public final class RetrieveTask extends CommandTask<RetrievalExample, RankedTexts, RankResult> {
    /** A search sorts all texts for each query, so it takes 10,000 examples of many. */
    private static final int MOST_MEASURED = 10_000;

    private final Settings settings;
    private final EmbeddingModel embeddings;
    private final TrainableEmbed trainable;
    private final boolean triples;
    private final @Nullable SearchCollection collection;

    /**
     * The settings of a retrieval.
     *
     * @param columns the columns
     * @param asked what replaces what the model and the adapter say of embeddings
     * @param scale the factor of the cosine in the loss
     * @param search the corpus that tests the adapter; null to test on pairs that were held out
     */
    public record Settings(
            PairColumns columns,
            TaskSettings asked,
            double scale,
            @Nullable SearchFiles search) {}

    private RetrieveTask(
            TrainingInput input,
            Settings settings,
            EmbeddingModel embeddings,
            TrainableEmbed task,
            DataFile.Divided<RetrievalExample> texts,
            @Nullable SearchCollection collection)
            throws IOException {
        super(
                embeddings.encoder().name(),
                task,
                input.addAdapter(
                        LoRAModel.of(task.network()), embeddings.encoder().name()),
                texts);
        this.settings = settings;
        this.embeddings = embeddings;
        this.collection = collection;
        trainable = task;
        triples = texts.train().get(0).negative() != null;
    }

    /**
     * Reads the texts and opens the model.
     *
     * @param input what is trained
     * @param settings the settings of the retrieval
     * @return the task
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static RetrieveTask open(TrainingInput input, Settings settings) throws IOException {
        AdaptedModel.requireNoClassifier(input.begin(), "an embedding");
        SearchFiles search = settings.search();
        SearchCollection collection = search == null ? null : search.open();
        EmbeddingModel model = input.opened().add(EmbeddingModel.open(input.files(), settings.asked()));
        boolean judged = search != null && JudgedTexts.areIn(input.data());
        boolean triples = !judged && settings.columns().areTriples(input.data());
        TrainableEmbed task = model.trainable(triples, settings.scale());
        long seed = input.plan().seed();
        DataFile.Divided<RetrievalExample> texts = input.opened()
                .add(
                        search != null && judged
                                ? JudgedTexts.read(input.data(), search, task::know, seed)
                                : settings.columns().readFound(input.data(), triples, task::know, seed));
        return new RetrieveTask(input, settings, model, task, texts, collection);
    }

    /** Returns examples to measure with, at equal distances in the file. */
    static List<RetrievalExample> sample(List<RetrievalExample> examples) {
        return Examples.sample(examples, MOST_MEASURED);
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", "retrieve");
        values.put("negatives", triples ? "of the batch and of the file" : "of the batch");
        values.put("scale", settings.scale());
        values.put("dimensions", task().network().outputSize());
        values.put("maxTokens", task().task().maxTokens().orElseThrow());
        values.put(
                "prompts",
                embeddings.encoder().prompts().with(embeddings.task().prompts()).texts());
        return values;
    }

    @Override
    protected RankedTexts measure(Model measured) {
        return task().measure(measured, sample(examples().judging()));
    }

    @Override
    protected RankResult judge() throws IOException {
        SearchFiles search = settings.search();
        if (search != null && collection != null) {
            SearchRun run = trainable.search(adapter(), collection, search.depth());
            search.write(run);
            return RankResult.ofSearch(
                    collection.size(),
                    trainable
                            .search(task().network(), collection, search.depth())
                            .ranks(),
                    SearchTest.words(collection, search),
                    run.ranks());
        }
        return examples().judging().isEmpty()
                ? RankResult.unmeasured()
                : RankResult.of(
                        measuredOn(),
                        measure(task().network()),
                        TrainableEmbed.measure(
                                texts -> Bm25.index(texts)::scores,
                                sample(examples().judging())),
                        measure(adapter()));
    }

    @Override
    public TaskPage page() {
        return new TaskPage(
                "rank.ftlh",
                "sentence-similarity",
                "Embeddings for retrieval on " + model(),
                "An adapter was trained with which a query finds the texts that belong to it.",
                "A LoRA adapter for sentence embeddings with which a query finds the texts that belong to it.",
                "embed --data texts.csv --kind DOCUMENT --output vectors.jsonl");
    }
}
