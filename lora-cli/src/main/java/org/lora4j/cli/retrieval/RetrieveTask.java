package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.model.AdaptedModels;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Examples;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.train.Loss;

/** An adapter learns embeddings with which queries find the texts that belong to them. */
public final class RetrieveTask implements TextTask<RankResult> {
    private final Settings settings;
    private final DataFile.Parts<FoundTexts> texts;
    private final EncoderFolder encoder;
    private final LoRAModel model;
    private final AdapterView adapter;
    private final FoundTokens train;
    private final @Nullable FoundTokens validation;

    /**
     * The settings of a retrieval.
     *
     * @param columns the columns
     * @param rules how texts are embedded
     * @param scale the factor of the cosine in the loss
     */
    public record Settings(PairColumns columns, EmbeddingRules rules, double scale) {}

    private RetrieveTask(
            TrainingInput input,
            Settings settings,
            DataFile.Parts<FoundTexts> texts,
            RightTexts right,
            EncoderFolder encoder)
            throws IOException {
        this.settings = settings;
        this.texts = texts;
        this.encoder = encoder;
        train = new FoundTokens(encoder, texts.train(), right);
        validation = texts.validation().isEmpty() ? null : new FoundTokens(encoder, texts.validation(), right);
        model = LoRAModel.of(settings.rules().network(encoder));
        adapter = input.addAdapter(model, EmbeddingRules.ADAPTER, encoder.name());
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
        AdaptedModels.requireNoClassifier(input.begin(), "an embedding");
        EmbeddingRules rules = settings.rules().orThoseOf(input.begin());
        EncoderFolder encoder = rules.encoder(input.model(), input.storage());
        DataFile.Parts<FoundTexts> texts = null;
        try {
            RightTexts right = new RightTexts();
            texts = FoundTexts.read(
                    input.data(), settings.columns(), right::add, input.plan().seed());
            return new RetrieveTask(
                    input, new Settings(settings.columns(), rules, settings.scale()), texts, right, encoder);
        } catch (IOException | RuntimeException e) {
            encoder.close();
            if (texts != null) {
                texts.close();
            }
            throw e;
        }
    }

    /**
     * Tests a model on a file of pairs or triples.
     *
     * @param folder the folder of the model
     * @param adapter an adapter; null for the model alone
     * @param data the file
     * @param columns the columns
     * @param rules how texts are embedded
     * @param storage how the large matrices of the model are stored
     * @return the metrics
     * @throws IOException if a file cannot be read, or the adapter does not fit
     */
    public static RankTest test(
            Path folder,
            @Nullable SavedAdapter adapter,
            DataFile data,
            PairColumns columns,
            EmbeddingRules rules,
            BaseStorage storage)
            throws IOException {
        try (EmbeddingRules.Opened opened = rules.open(folder, adapter, storage);
                DataFile.Parts<FoundTexts> texts = FoundTexts.read(data, columns, example -> {}, 0)) {
            return new RankTest(
                    Embeddings.rank(opened.model(), opened.encoder(), FoundTexts.Collection.of(texts.train()))
                            .metrics(),
                    null,
                    texts.skipped());
        }
    }

    @Override
    public Parts parts() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", "retrieve");
        values.put("negatives", train.hasNegatives() ? "of the batch and of the file" : "of the batch");
        values.put("scale", settings.scale());
        values.put("dimensions", model.outputSize());
        values.put("maxTokens", encoder.tokenizer().maxTokens());
        values.put("prompts", encoder.prompts().texts());
        return new Parts(
                encoder.name(),
                model.network(),
                adapter,
                Loss.inBatchNegatives(settings.scale(), train.hasNegatives() ? 1 : 0),
                false,
                train,
                validation == null ? Examples.NONE : validation,
                texts.test().size(),
                texts.copies(),
                0,
                0,
                texts.skipped(),
                values);
    }

    @Override
    public boolean writeTask(Path folder) throws IOException {
        EmbeddingRules rules = settings.rules();
        new Embed(OptionalInt.of(encoder.tokenizer().maxTokens()), rules.dimensions(), rules.prompts()).write(folder);
        return true;
    }

    @Override
    public RankResult measure() {
        if (texts.judging().isEmpty()) {
            return RankResult.unmeasured();
        }
        FoundTexts.Collection collection = FoundTexts.Collection.of(texts.judging());
        return RankResult.of(
                Judgement.MeasuredOn.of(texts.test()),
                Embeddings.chance(collection),
                Embeddings.rank(model.base(), encoder, collection),
                Embeddings.rank(adapter, encoder, collection),
                null);
    }

    /** Frees the tokenizer, and closes the files. */
    @Override
    public void close() {
        encoder.close();
        texts.close();
    }
}
