package org.lora4j.cli.tag;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.report.Markdown;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.Recipe;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.report.ReportText;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedColumns;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Tag;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;
import org.lora4j.text.tokens.TextWords;
import org.lora4j.text.train.TagProbe;
import org.lora4j.text.train.TaggedTexts;
import org.lora4j.text.train.TrainableTag;

/** An adapter learns to tag the words of texts. */
public final class TagTask extends CommandTask<TaggedText, TaggedTexts, TagResult> {
    /** The report shows at most so many texts. */
    private static final int MOST_SAMPLES = 10;

    private final TagScheme scheme;
    private final TaggedFile texts;
    private final TrainableTag task;
    private final boolean isBalanced;
    private final Start start;
    private final boolean isNew;
    private @Nullable TagProbe probe;

    /**
     * The settings of tags.
     *
     * @param columns where rows have texts with labels
     * @param scheme what the tags of a new adapter are like
     * @param subWords which token of a word says its tag
     * @param maxTokens the most tokens of a window; empty for where the folder of the model says
     * @param isBalanced whether all tags count the same, however many words they have
     * @param start what the classifier of a new adapter begins with
     */
    public record Settings(
            TaggedColumns columns,
            TagScheme scheme,
            Tag.SubWords subWords,
            OptionalInt maxTokens,
            boolean isBalanced,
            Start start) {}

    /** What the classifier of a new adapter begins with. */
    public enum Start {
        /** Softmax regression on the frozen model. */
        PROBE,
        /** Numbers at random. */
        RANDOM
    }

    private TagTask(TrainingInput input, Settings settings, TaggedFile texts, TextModel model, TrainableTag task)
            throws IOException {
        super(
                model.name(),
                task,
                input.addAdapter(LoRAModel.of(task.network()), model.name(), Head.TOKENS),
                texts.parts());
        this.texts = texts;
        this.task = task;
        isBalanced = settings.isBalanced();
        start = settings.start();
        isNew = input.begin() == null;
        scheme = TagScheme.of(task.task().labels().names());
    }

    /**
     * Reads the texts and opens the model.
     *
     * @param input what is trained
     * @param settings the settings of the tags
     * @return the task
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static TagTask open(TrainingInput input, Settings settings) throws IOException {
        ModelSource source = ModelSource.of(input.files().model());
        TextModel.requireHead(source, Head.TOKENS);
        Tag begun = begun(input.begin());
        TaggedFile texts = TaggedFile.read(
                input.data(),
                settings.columns(),
                begun == null ? List.of() : labelsOf(begun),
                input.plan().seed());
        input.opened().add(texts.parts());
        TextModel model =
                input.opened().add(TextModel.open(source, input.files().storage()));
        Labels labels = begun == null ? Labels.of(settings.scheme().tags(texts.labels())) : begun.labels();
        OptionalInt maxTokens =
                settings.maxTokens().isPresent() || begun == null ? settings.maxTokens() : begun.maxTokens();
        Tag tag = new Tag(labels, begun == null ? settings.subWords() : begun.subWords(), maxTokens);
        Network network =
                Head.TOKENS.network(model.model(), labels.count(), input.plan().seed());
        TrainableTag task = new TrainableTag(tag, model.textTokens(), network);
        return new TagTask(
                input,
                settings,
                texts,
                model,
                settings.isBalanced()
                        ? task.withTagWeights(task.balancedWeights(texts.parts().train()))
                        : task);
    }

    /** Returns what the adapter does from which the training goes on; null for a new one. */
    private static @Nullable Tag begun(@Nullable SavedAdapter begin) throws IOException {
        if (begin == null) {
            return null;
        }
        if (begin.task().orElse(null) instanceof Tag tag) {
            return tag;
        }
        throw new IOException(
                begin + ": the adapter must be one of 'lora tag', whose task.json says its tags, found another");
    }

    /** Returns the labels of the spans that tags stand for. */
    static List<String> labelsOf(Tag tag) {
        List<String> tags = tag.labels().names();
        TagScheme scheme = TagScheme.of(tags);
        TreeSet<String> labels = new TreeSet<>();
        tags.forEach(one -> scheme.spans(List.of(one)).forEach(span -> labels.add(span.label())));
        return List.copyOf(labels);
    }

    @Override
    protected String noun() {
        return "text";
    }

    @Override
    protected String summary() {
        return super.summary() + ", with " + ReportText.count(texts.labels().size(), "label");
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", "tag");
        values.put("tags", task.task().labels().toString());
        values.put("subWords", task.task().subWords().name().toLowerCase(Locale.ROOT));
        values.put("maxTokens", task.task().maxTokens().orElseThrow());
        values.put("classWeights", isBalanced ? "balanced" : "none");
        values.put("start", start.name().toLowerCase(Locale.ROOT));
        return values;
    }

    @Override
    protected Recipe<TaggedText> recipe() {
        return isNew && start == Start.PROBE ? this::beginWithProbe : Recipe.steps();
    }

    /** Gives the classifier what the frozen model can do. */
    private boolean beginWithProbe(List<TaggedText> examples) {
        probe(examples).writeTo(adapter());
        return true;
    }

    private TagProbe probe(List<TaggedText> examples) {
        TagProbe found = probe;
        if (found == null) {
            found = TagProbe.fit(task, examples);
            probe = found;
        }
        return found;
    }

    @Override
    protected TagResult judge() {
        List<TaggedText> judging = examples().judging();
        if (judging.isEmpty()) {
            return new TagResult(null, null, texts.counts(), List.of());
        }
        TaggedTexts after = measure(adapter());
        Map<String, List<PrecisionRecall>> baselines = new LinkedHashMap<>();
        List<TaggedText> train = examples().train();
        baselines.put("the frozen model", probe(train).measure(judging).counts(scheme));
        baselines.put(
                "a list of words",
                WordTags.learn(train, scheme).measure(judging).counts(scheme));
        return new TagResult(
                Judgement.ofF1(measuredOn(), "text", Metric.F1, after.counts(scheme), baselines),
                SpanMetrics.of(after, scheme),
                texts.counts(),
                samples(judging, after));
    }

    private List<TagResult.Sample> samples(List<TaggedText> judging, TaggedTexts after) {
        List<TagResult.Sample> samples = new ArrayList<>();
        for (int i = 0; i < judging.size() && samples.size() < MOST_SAMPLES; i++) {
            TaggedText text = judging.get(i);
            List<TagSpan> found = scheme.spans(after.predicted().get(i));
            if (!text.tagged().isEmpty() || !found.isEmpty()) {
                samples.add(new TagResult.Sample(parts(text.words(), text.tagged()), parts(text.words(), found)));
            }
        }
        return samples;
    }

    /** Divides a text where spans begin and end. */
    private static List<TagResult.Part> parts(TextWords words, List<TagSpan> spans) {
        List<TagResult.Part> parts = new ArrayList<>();
        int at = 0;
        for (TagSpan span : spans) {
            int from = words.words().get(span.start()).start();
            int to = words.words().get(span.end() - 1).end();
            if (from > at) {
                parts.add(new TagResult.Part(words.text().substring(at, from), null));
            }
            parts.add(new TagResult.Part(words.text().substring(from, to), span.label()));
            at = to;
        }
        if (at < words.text().length()) {
            parts.add(new TagResult.Part(words.text().substring(at), null));
        }
        return parts;
    }

    @Override
    public TaskPage page() {
        List<String> names = texts.labels().stream().map(Markdown::escaped).toList();
        return new TaskPage(
                "tag.ftlh",
                "token-classification",
                "Tags of words on " + model(),
                "An adapter and a classifier of words were trained.",
                "A LoRA adapter with a classifier that finds parts of texts: " + ReportText.list(names) + ".",
                "predict --data texts.jsonl --output spans.jsonl");
    }
}
