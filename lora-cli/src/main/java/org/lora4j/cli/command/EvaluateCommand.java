package org.lora4j.cli.command;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifierTest;
import org.lora4j.cli.language.LanguageExamples;
import org.lora4j.cli.language.LanguageTest;
import org.lora4j.cli.language.ToolCallTest;
import org.lora4j.cli.model.DecoderAdapters;
import org.lora4j.cli.report.RankPage;
import org.lora4j.cli.report.TrainingFiles;
import org.lora4j.cli.retrieval.GradeTest;
import org.lora4j.cli.retrieval.PairColumns;
import org.lora4j.cli.retrieval.RankMetrics;
import org.lora4j.cli.retrieval.RankTest;
import org.lora4j.cli.retrieval.RerankTask;
import org.lora4j.cli.retrieval.RetrieveTask;
import org.lora4j.cli.train.Column;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code evaluate}: tests a model or an adapter on a file. */
@Command(
        name = "evaluate",
        description = "Test a classifier on texts with their classes, or an adapter of 'lora retrieve' or 'lora"
                + " rerank' on queries and texts, or measure the perplexity of a decoder on"
                + " conversations or plain text, and its calls of tools.")
public final class EvaluateCommand extends WorkCommand {
    private static final String LABEL = "label";

    @Mixin
    private final ModelAndAdapter source = new ModelAndAdapter();

    @Mixin
    private final TextsOptions texts = new TextsOptions();

    @Option(
            names = "--label",
            paramLabel = "COLUMN",
            description =
                    "Of a classifier: the column of the class. Of an adapter of 'lora rerank': the column that says"
                            + " whether a passage belongs to the query. Default: " + LABEL + ".")
    private @Nullable String label;

    @Option(
            names = "--passage",
            paramLabel = "COLUMN",
            description =
                    "Of a reranker, with an adapter of 'lora rerank' or alone: the column of a text with a label. Default: passage.")
    private @Nullable String passage;

    @Option(
            names = "--score",
            paramLabel = "COLUMN",
            description =
                    "Of embeddings or a reranker: the column of a number that says how well the two texts of a row go"
                            + " together, of any scale. The correlation with it is measured.")
    private @Nullable String score;

    @Mixin
    private final ColumnOptions columns = new ColumnOptions();

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description =
                    "Of a decoder: conversations are cut, and plain text is packed, at this many tokens. Default: 1024,"
                            + " or as many as the model takes.")
    private int maxTokens;

    @Mixin
    private final EmbeddingOptions embedding = new EmbeddingOptions();

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    EvaluateCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        texts.check(check);
        check.require(maxTokens == 0 || maxTokens >= 2, "--max-tokens must be at least 2, found " + maxTokens);
        source.config().ifPresent(config -> {
            check.require(
                    maxTokens == 0 || config.isDecoder(),
                    "--max-tokens must be used with a decoder, found an encoder in " + source.model());
            check.require(
                    label == null || reranks() || !source.generatesIfReadable(),
                    "--label must be used with an encoder, found a decoder in " + source.model());
            check.require(
                    !columns.isUsed() || reranks() || !source.generatesIfReadable(),
                    "--query, --positive and --negative must be used with an encoder, found a decoder in "
                            + source.model());
        });
        check.require(
                !columns.isUsed() || !source.hasAdapter() || source.is(Embed.class) || source.is(Rerank.class),
                "--query, --positive and --negative must be used with an adapter of 'lora retrieve' or 'lora rerank', found"
                        + " one of 'lora classify'");
        check.require(
                score == null || reranks() || source.is(Embed.class) || columns.isUsed(),
                "--score must be used with embeddings or a reranker, found another task; use an adapter of 'lora retrieve'"
                        + " or 'lora rerank', --query and --positive, or --passage");
        embedding.check(check);
        check.require(
                !embedding.isUsed() || source.is(Embed.class) || columns.isUsed(),
                "--dimensions, --query-prompt and --document-prompt must be used with embeddings, found a task without them; use an adapter of 'lora retrieve', or"
                        + " --query and --positive");
        check.require(
                passage == null || !source.hasAdapter() || source.is(Rerank.class),
                "--passage must be used with a reranker or an adapter of 'lora rerank', found another adapter");
    }

    /**
     * What a test of a decoder found.
     *
     * @param metrics the metrics
     * @param toolCalls the metrics of the calls of tools; null if there are none
     * @param skipped what was wrong with lines that were left out
     * @param unlearnable how many examples were left out because no answer to learn was left after the cut
     */
    record LanguageResult(
            LanguageTest metrics, @Nullable ToolCallTest toolCalls, List<String> skipped, int unlearnable) {}

    @Override
    protected void work() throws IOException {
        if (!reranks() && source.generates()) {
            testDecoder();
            return;
        }
        PairColumns names = columns.columns(passage, label);
        SavedAdapter adapter = source.saved();
        if (score != null) {
            show(grade(names, new Column("--score", score)));
        } else if (reranks()) {
            show(RerankTask.test(source.model(), adapter, texts.file(), names, storage.value()));
        } else if (source.is(Embed.class) || columns.isUsed()) {
            show(RetrieveTask.test(
                    source.model(),
                    adapter,
                    texts.file(),
                    names,
                    embedding.rules(OptionalInt.empty()),
                    storage.value()));
        } else {
            testClassifier();
        }
    }

    private GradeTest grade(PairColumns names, Column grade) throws IOException {
        return reranks()
                ? GradeTest.ofReranker(
                        source.model(),
                        source.saved(),
                        texts.file(),
                        new GradeTest.Columns(names.query(), names.passage(), grade),
                        storage.value())
                : GradeTest.ofEmbeddings(
                        source.model(),
                        source.saved(),
                        texts.file(),
                        new GradeTest.Columns(names.query(), names.positive(), grade),
                        embedding.rules(OptionalInt.empty()),
                        storage.value());
    }

    private void show(GradeTest result) throws IOException {
        output.show(out(), result, to -> {
            to.line(
                    "%s: Pearson %.4f, Spearman %.4f",
                    ReportText.count(result.pairs(), "pair"), result.pearson(), result.spearman());
            TrainingFiles.skipped(to, result.skipped());
        });
    }

    /** Whether pairs get a score: from an adapter that is for it, or from a model alone if the column of passages is named. */
    private boolean reranks() {
        return !source.hasAdapter() ? passage != null : source.is(Rerank.class);
    }

    private void show(RankTest result) throws IOException {
        output.show(out(), result, to -> {
            RankMetrics metrics = result.metrics();
            to.line(
                    "%s, %s: %s",
                    ReportText.count(metrics.queries(), "query"),
                    ReportText.count(metrics.texts(), "text"),
                    RankPage.line(metrics));
            if (result.calibration() != null) {
                print(to, result.calibration());
            }
            TrainingFiles.skipped(to, result.skipped());
        });
    }

    private void testDecoder() throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(source.model(), storage.value())) {
            LanguageResult result;
            try (LanguageExamples examples =
                    LanguageExamples.forTest(decoder, texts.file(), texts.column(), maxTokens)) {
                LoRAModel model = DecoderAdapters.load(decoder, source.adapters());
                result = new LanguageResult(
                        LanguageTest.of(model, examples.train()),
                        ToolCallTest.of(decoder, model, texts.file()),
                        examples.skipped(),
                        examples.unlearnable());
            }
            output.show(out(), result, to -> {
                to.line(
                        "%s: loss %.4f, perplexity %.3f",
                        ReportText.count(result.metrics().tokens(), "token"),
                        result.metrics().loss(),
                        result.metrics().perplexity());
                if (result.toolCalls() != null) {
                    print(to, result.toolCalls());
                }
                TrainingFiles.skipped(to, result.skipped());
                TrainingFiles.unlearnable(to, result.unlearnable());
            });
        }
    }

    private static void print(TextOutput out, ToolCallTest test) {
        out.line("%s with calls of tools", ReportText.count(test.answers(), "answer"));
        print(out, "valid calls     ", test.valid());
        print(out, "right functions ", test.functions());
        print(out, "right arguments ", test.arguments());
        print(out, "exact match     ", test.exact());
        if (test.leftOut() > 0) {
            out.line(
                    "%s with calls left out: the conversation before them is too long for the model, or the chat template"
                            + " writes calls in no form that is known",
                    ReportText.count(test.leftOut(), "answer"));
        }
    }

    private static void print(TextOutput out, String what, ToolCallTest.Share share) {
        out.fact("%s %6.2f %%  %s", what, 100 * share.share(), ReportText.count(share.count(), "answer"));
    }

    private void testClassifier() throws IOException {
        try (TextClassifier classifier = source.classifier(storage.value())) {
            ClassifierTest.Result result =
                    ClassifierTest.test(classifier, texts.file(), texts.column(), ColumnOptions.column(LABEL, label));
            output.show(out(), result, to -> print(to, result));
        }
    }

    private static void print(TextOutput out, ClassifierTest.Result result) {
        ClassMetrics metrics = result.metrics();
        out.line(
                "%s: accuracy %.2f %%, macro-F1 %.4f",
                ReportText.count(metrics.texts(), "text"), 100 * metrics.accuracy(), metrics.macroF1());
        int width = metrics.classes().stream()
                .mapToInt(c -> c.name().length())
                .max()
                .orElse(0);
        for (ClassMetrics.OfClass c : metrics.classes()) {
            out.fact(
                    "%s precision %.4f  recall %.4f  F1 %.4f  %s",
                    c.name() + " ".repeat(width - c.name().length()),
                    c.precision(),
                    c.recall(),
                    c.f1(),
                    ReportText.count(c.texts(), "text"));
        }
        print(out, result.calibration());
        TrainingFiles.skipped(out, result.skipped());
    }

    private static void print(TextOutput out, Calibration calibration) {
        out.fact("expected calibration error %.4f", calibration.expectedError());
    }
}
