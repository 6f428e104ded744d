package org.lora4j.cli.language;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Examples;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.train.TrainableGenerate;

/**
 * An adapter learns to predict the next token, of answers or of plain text.
 *
 * @param <E> an example
 */
public final class LanguageTask<E> extends CommandTask<E, List<Perplexity>, LanguageResult> {
    private static final int LONGEST_BY_DEFAULT = 1024;
    private static final int LONGEST_SAMPLE = 64;

    private final Settings settings;
    private final DecoderFolder decoder;
    private final TrainableGenerate<E> task;
    private final int maxTokens;
    private final int divided;
    private final @Nullable OtherTexts others;

    /** What the model learns. */
    public enum Kind {
        /** The answers of conversations. */
        SFT,
        /** Plain text. */
        CLM
    }

    /**
     * The settings of a language model.
     *
     * @param kind answers of conversations, or plain text
     * @param text the column of plain text
     * @param maxTokens where a conversation is cut, or the tokens of a block of plain text; 0 for as many as the model has
     *     positions for, and at most 1024
     * @param recomputes whether layers are computed again for their gradients
     * @param samples how many answers the report shows before and after
     * @param forgetting a file with other texts, by which the report says what the model forgets; null for none
     */
    public record Settings(
            Kind kind,
            Column text,
            int maxTokens,
            boolean recomputes,
            int samples,
            @Nullable DataFile forgetting) {}

    private LanguageTask(
            TrainingInput input,
            Settings settings,
            DecoderFolder decoder,
            TrainableGenerate<E> task,
            DataFile.Divided<E> examples,
            int divided)
            throws IOException {
        super(decoder.name(), task, input.addAdapter(LoRAModel.of(task.network()), decoder.name()), examples);
        this.settings = settings;
        this.decoder = decoder;
        this.task = task;
        this.divided = divided;
        maxTokens = maxTokens(settings.maxTokens(), decoder);
        others = OtherTexts.open(decoder, settings.forgetting(), maxTokens, input.opened());
    }

    /** Returns the most tokens of an example: those that were asked for, or 0 for the default. */
    static int maxTokens(int asked, DecoderFolder decoder) {
        int most = decoder.maxLength();
        if (asked > most) {
            throw new IllegalArgumentException(
                    "the tokens of an example must be at most the " + most + " positions of the model, found " + asked);
        }
        return asked == 0 ? Math.min(most, LONGEST_BY_DEFAULT) : asked;
    }

    /**
     * Opens the model and reads the examples.
     *
     * @param input what is trained
     * @param settings the settings of the language model
     * @return the task
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static LanguageTask<?> open(TrainingInput input, Settings settings) throws IOException {
        AdaptedModel.requireNoClassifier(input.begin(), "a language model");
        DecoderFolder decoder = input.opened()
                .add(DecoderFolder.open(input.files().model(), input.files().storage()));
        int maxTokens = maxTokens(settings.maxTokens(), decoder);
        long seed = input.plan().seed();
        if (settings.kind() == Kind.CLM) {
            return new LanguageTask<>(
                    input,
                    settings,
                    decoder,
                    TrainableGenerate.ofTokens(decoder.network()),
                    LanguageExamples.blocks(decoder, input.data(), settings.text(), maxTokens, seed, input.opened()),
                    0);
        }
        LanguageExamples.Conversations read = LanguageExamples.conversations(decoder, input.data(), maxTokens, seed);
        return new LanguageTask<>(
                input,
                settings,
                decoder,
                TrainableGenerate.ofTexts(decoder.network(), decoder.tokens(), maxTokens),
                input.opened().add(read.parts()),
                read.divided());
    }

    private boolean learnsAnswers() {
        return settings.kind() == Kind.SFT;
    }

    /** Nothing is lost of plain text: a block is full. */
    @Override
    protected int maxTokens() {
        return learnsAnswers() ? maxTokens : 0;
    }

    @Override
    protected boolean recomputes() {
        return settings.recomputes();
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", settings.kind().name().toLowerCase(Locale.ROOT));
        values.put("maxTokens", maxTokens);
        return values;
    }

    @Override
    protected LanguageResult judge() {
        List<E> held = examples().judging();
        List<LanguageResult.Sample> samples = learnsAnswers() ? samples(held) : List.of();
        Forgetting forgetting = others == null ? null : others.forgetting(task.network(), adapter());
        if (held.isEmpty()) {
            return new LanguageResult(settings.kind(), null, null, null, null, forgetting, samples, divided);
        }
        TokenFrequencies counts = new TokenFrequencies(
                tokens(Examples.sample(examples().train(), TokenFrequencies.MOST_EXAMPLES)),
                task.network().outputSize());
        List<Perplexity> frequencies = new ArrayList<>();
        tokens(held).forEach(example -> frequencies.add(counts.perplexity(example)));
        List<Perplexity> before = measure(task.network());
        List<Perplexity> after = measure(adapter());
        Map<String, List<Perplexity>> baselines = new LinkedHashMap<>();
        baselines.put("the model alone", before);
        baselines.put("the frequencies of tokens", frequencies);
        return new LanguageResult(
                settings.kind(),
                Judgement.ofLosses(measuredOn(), learnsAnswers() ? "example" : "block", after, baselines),
                LanguageTest.of(frequencies),
                LanguageTest.of(before),
                LanguageTest.of(after),
                forgetting,
                samples,
                divided);
    }

    private Iterable<TokenExample> tokens(List<E> examples) {
        return () -> examples.stream().map(task::tokens).iterator();
    }

    private List<LanguageResult.Sample> samples(List<E> held) {
        List<LanguageResult.Sample> samples = new ArrayList<>();
        for (int i = 0; i < held.size() && samples.size() < settings.samples(); i++) {
            TokenExample example = task.tokens(held.get(i));
            int[] prompt = example.prompt();
            if (prompt.length > 0) {
                samples.add(new LanguageResult.Sample(
                        decoder.tokenizer().decode(prompt),
                        decoder.tokenizer().decode(example.answer()),
                        answer(task.network(), prompt),
                        answer(adapter(), prompt)));
            }
        }
        return samples;
    }

    private String answer(Model answering, int[] prompt) {
        return new TextGenerator(decoder, answering)
                .generate(prompt, GenerationOptions.greedy().withMaxTokens(LONGEST_SAMPLE), part -> {})
                .text();
    }

    @Override
    public TaskPage page() {
        String learned = learnsAnswers() ? "learned the answers of conversations" : "learned plain text";
        return new TaskPage(
                "language.ftlh",
                "text-generation",
                "An adapter for " + model(),
                "The adapter " + learned + (learnsAnswers() ? "." : ", packed in blocks."),
                "A LoRA adapter that " + learned + ".",
                "generate --prompt '...'");
    }
}
