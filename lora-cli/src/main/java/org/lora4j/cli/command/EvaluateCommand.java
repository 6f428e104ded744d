package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifierTest;
import org.lora4j.cli.classify.InputColumns;
import org.lora4j.cli.classify.LabelMetrics;
import org.lora4j.cli.classify.LabelsResult;
import org.lora4j.cli.classify.LabelsTest;
import org.lora4j.cli.classify.NumberTest;
import org.lora4j.cli.language.ChoiceTest;
import org.lora4j.cli.language.DecoderTest;
import org.lora4j.cli.language.ToolCallTest;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.report.TrainingFiles;
import org.lora4j.cli.retrieval.GradeTest;
import org.lora4j.cli.retrieval.PairColumns;
import org.lora4j.cli.retrieval.RankTest;
import org.lora4j.cli.retrieval.SearchFiles;
import org.lora4j.cli.retrieval.SearchTest;
import org.lora4j.cli.tag.SpanMetrics;
import org.lora4j.cli.tag.TagTest;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TaskSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code evaluate}: tests a model or an adapter on a file. */
@Command(
        name = "evaluate",
        description =
                "Test a classifier on texts with their classes or tags, or an adapter of 'lora retrieve' or 'lora"
                        + " rerank' on queries and texts, or embeddings on a search in a corpus, or measure the perplexity of a decoder on"
                        + " conversations or plain text, and its calls of tools, or how many questions with choices it answers.")
public final class EvaluateCommand extends WorkCommand {
    private static final String LABEL = "label";

    @Mixin
    private final ModelAndAdapter source = new ModelAndAdapter();

    @Mixin
    private final TextsOptions texts = new TextsOptions();

    @Mixin
    private final PairOption pair = new PairOption();

    @Option(
            names = "--label",
            paramLabel = "COLUMN",
            description =
                    "Of a classifier: the column of the class, of the labels, or of the number. Of an adapter of 'lora rerank': the column that says"
                            + " whether a passage belongs to the query. Default: " + LABEL + ".")
    private @Nullable String label;

    @Mixin
    private final LabelsOption labels = new LabelsOption();

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
    private final SearchOptions search = new SearchOptions();

    @Option(
            names = "--candidates",
            paramLabel = "FILE",
            description =
                    "Of a reranker, with --corpus: the run of another search, such as one of --run. The first --depth documents of"
                            + " each query get a score.")
    private @Nullable Path candidates;

    @Mixin
    private final TaggedOptions tagged = new TaggedOptions();

    @Mixin
    private final EmbeddingOptions embedding = new EmbeddingOptions();

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    EvaluateCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        search.check(check);
        labels.check(check);
        if (search.isUsed()) {
            texts.checkNone(check, "--corpus");
            check.require(
                    passage == null && label == null && score == null && !columns.isUsed(),
                    "--corpus must be used without the options of columns, found others");
            check.require(
                    !source.hasAdapter() || source.is(candidates == null ? Embed.class : Rerank.class),
                    candidates == null
                            ? "--corpus must be used with a model for embeddings or an adapter of 'lora retrieve', or with"
                                    + " --candidates, found another adapter"
                            : "--candidates must be used with a reranker or an adapter of 'lora rerank', found another"
                                    + " adapter");
        } else {
            texts.check(check);
            check.require(candidates == null, "--candidates must be used with --corpus, found it without");
        }
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
                !embedding.isUsed()
                        || source.is(Embed.class)
                        || columns.isUsed()
                        || (search.isUsed() && candidates == null),
                "--dimensions, --query-prompt and --document-prompt must be used with embeddings, found a task without them; use an adapter of 'lora retrieve', or"
                        + " --query and --positive");
        check.require(
                passage == null || !source.hasAdapter() || source.is(Rerank.class),
                "--passage must be used with a reranker or an adapter of 'lora rerank', found another adapter");
        pair.check(check, source, search.isUsed() || passage != null || score != null || columns.isUsed());
    }

    @Override
    protected void work() throws IOException {
        SearchFiles collection = search.files();
        if (collection != null) {
            SearchTest result = candidates == null
                    ? SearchTest.ofEmbeddings(source.files(storage), collection, settings())
                    : SearchTest.ofReranker(source.files(storage), collection, candidates);
            output.show(out(), result, result::print);
            return;
        }
        if (!reranks() && source.generates()) {
            testDecoder();
            return;
        }
        PairColumns names = columns.columns(passage, label);
        AdaptedModel files = source.files(storage);
        if (source.is(Tag.class)) {
            TagTest result = TagTest.of(
                    files, texts.file(), tagged.columns(texts.column().name()));
            output.show(out(), result, to -> print(to, result));
        } else if (score != null) {
            Column other = reranks() ? names.passage() : names.positive();
            GradeTest.Columns graded = new GradeTest.Columns(names.query(), other, new Column("--score", score));
            show(
                    reranks()
                            ? GradeTest.ofReranker(files, texts.file(), graded)
                            : GradeTest.ofEmbeddings(files, texts.file(), graded, settings()));
        } else if (reranks()) {
            show(RankTest.ofReranker(files, texts.file(), names));
        } else if (source.is(Embed.class) || columns.isUsed()) {
            show(RankTest.ofEmbeddings(files, texts.file(), names, settings()));
        } else {
            testClassifier();
        }
    }

    private TaskSettings settings() {
        return embedding.settings(OptionalInt.empty());
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
            to.line("%s", result.line());
            if (result.calibration() != null) {
                print(to, result.calibration());
            }
            TrainingFiles.skipped(to, result.skipped());
        });
    }

    private void testDecoder() throws IOException {
        DataFile data = texts.file();
        boolean areQuestions = ChoiceTest.isFor(data);
        if (areQuestions && maxTokens != 0) {
            throw new IllegalArgumentException("--max-tokens must be used with conversations or plain text, found"
                    + " questions with choices in " + data.file() + ", of which nothing is cut");
        }
        try (DecoderFolder decoder = DecoderFolder.open(source.model(), storage.value())) {
            if (areQuestions) {
                ChoiceTest result = ChoiceTest.of(decoder, source.adapters(), data);
                output.show(out(), result, to -> {
                    result.print(to);
                    TrainingFiles.skipped(to, result.skipped());
                });
                return;
            }
            DecoderTest result = DecoderTest.of(decoder, source.adapters(), data, texts.column(), maxTokens);
            output.show(out(), result, to -> print(to, result));
        }
    }

    private static void print(TextOutput out, DecoderTest result) {
        out.line(
                "%s: loss %.4f, perplexity %.3f",
                ReportText.count(result.metrics().tokens(), "token"),
                result.metrics().loss(),
                result.metrics().perplexity());
        if (result.toolCalls() != null) {
            print(out, result.toolCalls());
        }
        TrainingFiles.skipped(out, result.skipped());
        TrainingFiles.unlearnable(out, result.unlearnable());
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
        Column column = ColumnOptions.column(LABEL, label);
        InputColumns input = pair.columns(texts.column());
        try (TextClassifier opened = source.classifier(storage.value())) {
            TextClassifier classifier = input.opened(opened, source.hasAdapter());
            switch (classifier.outputs().problem()) {
                case SINGLE_LABEL_CLASSIFICATION -> {
                    ClassifierTest result = ClassifierTest.of(classifier, texts.file(), input, column);
                    output.show(out(), result, to -> print(to, result));
                }
                case MULTI_LABEL_CLASSIFICATION -> {
                    LabelsTest result = LabelsTest.of(classifier, texts.file(), input, column, labels.separator());
                    output.show(out(), result, to -> print(to, result));
                }
                case REGRESSION -> {
                    NumberTest result = NumberTest.of(classifier, texts.file(), input, column);
                    output.show(out(), result, to -> print(to, result));
                }
            }
        }
    }

    private static void print(TextOutput out, LabelsTest result) {
        LabelMetrics metrics = result.metrics();
        out.line("%s: %s", ReportText.count(metrics.texts(), "text"), LabelsResult.line(metrics));
        for (LabelMetrics.OfLabel label : metrics.labels()) {
            out.fact(
                    "%s: precision %.4f  recall %.4f  F1 %.4f  average precision %.4f  threshold %.3f  %s",
                    label.name(),
                    label.f1().precision(),
                    label.f1().recall(),
                    label.f1().f1(),
                    label.averagePrecision(),
                    label.threshold(),
                    ReportText.count(label.texts(), "text"));
        }
        TrainingFiles.skipped(out, result.skipped());
    }

    private static void print(TextOutput out, NumberTest result) {
        out.line(
                "%s: %s",
                ReportText.count(result.metrics().texts(), "text"),
                result.metrics().line());
        TrainingFiles.skipped(out, result.skipped());
    }

    private static void print(TextOutput out, ClassifierTest result) {
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

    private static void print(TextOutput out, TagTest result) {
        SpanMetrics metrics = result.metrics();
        out.line(
                "%s: F1 of spans %.2f %%, strict %.2f %%, macro-F1 %.4f, accuracy of words %.2f %%",
                ReportText.count(metrics.texts(), "text"),
                100 * metrics.micro().f1(),
                100 * metrics.strict().f1(),
                metrics.macro().f1(),
                100 * metrics.accuracy());
        for (SpanMetrics.OfLabel label : metrics.labels()) {
            out.fact(
                    "%s: precision %.4f  recall %.4f  F1 %.4f  %s",
                    label.name(),
                    label.precision(),
                    label.recall(),
                    label.f1(),
                    ReportText.count(label.spans(), "span"));
        }
        TrainingFiles.skipped(out, result.skipped());
    }

    private static void print(TextOutput out, Calibration calibration) {
        out.fact("expected calibration error %.4f", calibration.expectedError());
    }
}
