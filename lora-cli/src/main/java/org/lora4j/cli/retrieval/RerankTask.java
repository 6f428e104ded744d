package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.train.RankedTexts;
import org.lora4j.text.train.TrainableRerank;

/** An adapter learns to read a query and a text together, and to say whether they belong together: a cross-encoder. */
public final class RerankTask extends CommandTask<LabelledPair, RankedTexts, RankResult> {
    private final TextClassifier classifier;

    /**
     * The settings of a cross-encoder.
     *
     * @param columns the columns
     * @param head what the score is computed from; null for what suits the model
     * @param maxTokens where pairs are cut; empty for where the folder of the model says
     */
    public record Settings(PairColumns columns, @Nullable Head head, OptionalInt maxTokens) {}

    private RerankTask(TrainingInput input, DataFile.Divided<LabelledPair> pairs, TextClassifier classifier) {
        super(classifier.name(), classifier.trainableScores(), input.addAdapter(classifier), pairs);
        this.classifier = classifier;
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
        boolean isDecoder = ModelConfig.read(input.files().model()).isDecoder();
        Head head = settings.head() == null && isDecoder ? Head.YES_NO : settings.head();
        if (isDecoder && head != Head.YES_NO) {
            throw new IllegalArgumentException(
                    "head: a cross-encoder on a decoder must have the head YES_NO, found " + head);
        }
        Set<Boolean> kinds = new HashSet<>();
        DataFile.Divided<LabelledPair> pairs = settings.columns()
                .readLabelled(
                        input.data(),
                        (examples, part) -> {
                            if (part == Division.Part.TRAIN) {
                                examples.forEach(pair -> kinds.add(pair.right()));
                            }
                        },
                        input.plan().seed());
        input.opened().add(pairs);
        if (kinds.size() < 2) {
            throw new IOException(input.data().file()
                    + ": the examples for training must have texts that belong to their query and texts that do not,"
                    + " found only one kind");
        }
        return new RerankTask(
                input, pairs, input.classifier(Outputs.oneOf(Labels.numbered(1)), head, settings.maxTokens()));
    }

    /**
     * Opens an adapter, or a reranker as it is.
     *
     * @param files the model, and the adapter if there is one
     * @return what gives pairs a score
     * @throws IOException if a file cannot be read, or the adapter does not fit
     */
    public static TextClassifier open(AdaptedModel files) throws IOException {
        return files.adapter() == null
                ? TextClassifier.openReranker(files.model(), files.storage())
                : TextClassifier.openAdapted(files.model(), files.adapter(), files.storage());
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
                row -> PairColumns.pair(row, query, passage),
                some -> Arrays.stream(classifier.scores(classifier.pairs(some)))
                        .mapToObj(score -> Map.<String, Object>of("score", score))
                        .toList());
    }

    @Override
    protected int maxTokens() {
        return classifier.maxTokens();
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", "rerank");
        values.put("head", classifier.head().text());
        values.put("maxTokens", maxTokens());
        return values;
    }

    @Override
    protected RankResult judge() {
        RankedTexts after = measure(adapter());
        return after.hasQueries() ? RankResult.of(measuredOn(), before(), words(), after) : RankResult.unmeasured();
    }

    /** What the model can do as it is: a decoder answers, and an encoder has sentence embeddings, whose similarity counts. */
    private RankedTexts before() {
        if (classifier.head() == Head.YES_NO) {
            return measure(task().network());
        }
        EncoderFolder encoder = classifier.encoder();
        Network embeddings = encoder.sentenceEmbeddings();
        return TrainableRerank.measure(
                pairs -> encoder.similarity()
                        .pairs(
                                embeddings.predict(encoder.queries(
                                        pairs.stream().map(TextPair::first).toList())),
                                embeddings.predict(encoder.documents(
                                        pairs.stream().map(TextPair::second).toList()))),
                examples().judging());
    }

    private RankedTexts words() {
        Bm25 words = new Bm25();
        examples().judging().forEach(example -> words.add(example.pair().second()));
        return TrainableRerank.measure(
                pairs -> pairs.stream()
                        .mapToDouble(pair -> words.score(pair.first(), pair.second()))
                        .toArray(),
                examples().judging());
    }

    @Override
    public TaskPage page() {
        return new TaskPage(
                "rank.ftlh",
                "text-ranking",
                "A cross-encoder on " + model(),
                "An adapter and a head were trained that read a query and a text together, and give them a score.",
                "A LoRA adapter with a head that gives a query and a text a score: how well they belong together.",
                "predict --data pairs.csv --output scores.csv");
    }
}
