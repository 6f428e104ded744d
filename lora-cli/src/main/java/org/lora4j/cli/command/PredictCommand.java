package org.lora4j.cli.command;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.classify.ClassPredictor;
import org.lora4j.cli.classify.InputColumns;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.language.CompletionPredictor;
import org.lora4j.cli.language.TextGenerator;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.retrieval.RerankTask;
import org.lora4j.cli.tag.TagPredictor;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.Rerank;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code predict}: a file to a file. */
@Command(
        name = "predict",
        description =
                "Copy a file of texts, and add the class of each as a word, 'predicted', and its 'probability'; of any number of labels the list of those that a text has, and the 'probabilities' of all; or the number. With an"
                        + " adapter of 'lora rerank', or with --query or --passage, add the 'score' of a query and a passage. With an adapter for tags, add the 'spans' of the text. With a decoder, 'predicted' is its answer.")
public final class PredictCommand extends WorkCommand {
    @Mixin
    private final ModelAndAdapter source = new ModelAndAdapter();

    @Mixin
    private final TextsOptions texts = new TextsOptions();

    @Option(
            names = "--query",
            paramLabel = "COLUMN",
            description = "Of a reranker: the column of the query. Default: query.")
    private @Nullable String query;

    @Option(
            names = "--passage",
            paramLabel = "COLUMN",
            description = "Of a reranker: the column of the text. Default: passage.")
    private @Nullable String passage;

    @Mixin
    private final PairOption pair = new PairOption();

    @Mixin
    private final FileOutput file = new FileOutput();

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final GenerationFlags flags = new GenerationFlags();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    PredictCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        texts.check(check);
        boolean mayBeDecoder = source.config().map(ModelConfig::isDecoder).orElse(true);
        check.require(
                !flags.isUsed() || mayBeDecoder,
                "the options of a generation must be used with a decoder, found an encoder in " + source.model());
        flags.check(check);
        check.require(
                !namesPairs() || !source.hasAdapter() || source.is(Rerank.class),
                "--query and --passage must be used with a reranker or an adapter of 'lora rerank', found another adapter");
        pair.check(check, source, namesPairs());
    }

    @Override
    protected void work() throws IOException {
        file.write(
                texts,
                output,
                out(),
                copy -> reranks()
                        ? rerank(copy)
                        : source.tags() ? tag(copy) : source.generates() ? answer(copy) : classify(copy));
    }

    private long classify(RowFile copy) throws IOException {
        try (TextClassifier classifier = source.classifier(storage.value())) {
            InputColumns input = pair.columns(texts.column());
            return ClassPredictor.predict(input.opened(classifier, source.hasAdapter()), copy, input);
        }
    }

    private long tag(RowFile copy) throws IOException {
        return TagPredictor.predict(source.files(storage), copy, texts.column());
    }

    private boolean namesPairs() {
        return query != null || passage != null;
    }

    /** Whether pairs get a score: from an adapter that is for it, or from a model alone if the columns of pairs are named. */
    private boolean reranks() {
        return !source.hasAdapter() ? namesPairs() : source.is(Rerank.class);
    }

    private long rerank(RowFile copy) throws IOException {
        try (TextClassifier classifier = RerankTask.open(source.files(storage))) {
            return RerankTask.predict(
                    classifier, copy, ColumnOptions.column("query", query), ColumnOptions.column("passage", passage));
        }
    }

    private long answer(RowFile copy) throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(source.model(), storage.value())) {
            LoRAModel model = AdaptedModel.load(decoder, source.adapters());
            return CompletionPredictor.predict(
                    new TextGenerator(decoder, model), copy, texts.column(), flags.options());
        }
    }
}
