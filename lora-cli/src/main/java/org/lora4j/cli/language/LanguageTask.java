package org.lora4j.cli.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.cli.measure.Comparison;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.measure.PairedDifference;
import org.lora4j.cli.model.AdaptedModels;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.task.Task;
import org.lora4j.train.Loss;

/** An adapter learns to predict the next token, of answers or of plain text. */
public final class LanguageTask implements TextTask<LanguageResult> {
    private static final String ADAPTER = "adapter";
    private static final int LONGEST_BY_DEFAULT = 1024;
    private static final int LONGEST_SAMPLE = 64;

    private final Settings settings;
    private final DecoderFolder decoder;
    private final int maxTokens;
    private final LanguageExamples examples;
    private final LoRAModel model;
    private final AdapterView adapter;
    private final TokenExamples train;
    private final TokenExamples validation;

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
     */
    public record Settings(Kind kind, Column text, int maxTokens, boolean recomputes, int samples) {}

    private LanguageTask(TrainingInput input, Settings settings, DecoderFolder decoder) throws IOException {
        this.settings = settings;
        this.decoder = decoder;
        maxTokens = maxTokens(settings.maxTokens(), decoder);
        long seed = input.plan().seed();
        examples = settings.kind() == Kind.SFT
                ? LanguageExamples.conversations(decoder, input.data(), maxTokens, seed)
                : LanguageExamples.blocks(decoder, input.data(), settings.text(), maxTokens, seed);
        try {
            model = LoRAModel.of(decoder.network());
            adapter = input.addAdapter(model, ADAPTER, decoder.name());
            train = new TokenExamples(examples.train());
            validation = new TokenExamples(examples.validation());
        } catch (IOException | RuntimeException e) {
            examples.close();
            throw e;
        }
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
    public static LanguageTask open(TrainingInput input, Settings settings) throws IOException {
        AdaptedModels.requireNoClassifier(input.begin(), "a language model");
        DecoderFolder decoder = DecoderFolder.open(input.model(), input.storage());
        try {
            return new LanguageTask(input, settings, decoder);
        } catch (IOException | RuntimeException e) {
            decoder.close();
            throw e;
        }
    }

    @Override
    public Parts parts() {
        return new Parts(
                decoder.name(),
                decoder.network(),
                adapter,
                Loss.nextToken(),
                settings.recomputes(),
                train,
                validation,
                examples.test().size(),
                examples.copies(),
                // Nothing is lost of plain text: a block is full.
                settings.kind() == Kind.CLM ? 0 : maxTokens,
                examples.unlearnable(),
                examples.skipped(),
                values());
    }

    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", settings.kind().name().toLowerCase(Locale.ROOT));
        values.put("maxTokens", maxTokens);
        return values;
    }

    @Override
    public boolean writeTask(Path folder) throws IOException {
        Task.delete(folder);
        return false;
    }

    @Override
    public LanguageResult measure() {
        List<TokenExample> held = examples.judging();
        List<LanguageResult.Sample> samples = settings.kind() == Kind.SFT ? samples(held) : List.of();
        if (held.isEmpty()) {
            return new LanguageResult(settings.kind(), null, null, null, null, samples, examples.divided());
        }
        TokenFrequencies counts =
                new TokenFrequencies(examples.train(), decoder.network().outputSize());
        LanguageTest.Examples frequencies = LanguageTest.each(held, counts::perplexity);
        LanguageTest.Examples before = LanguageTest.each(model.base(), held);
        LanguageTest.Examples after = LanguageTest.each(adapter, held);
        return new LanguageResult(
                settings.kind(),
                new Judgement(
                        Judgement.MeasuredOn.of(examples.test()),
                        settings.kind() == Kind.SFT ? "example" : "block",
                        held.size(),
                        Metric.LOSS,
                        after.test().loss(),
                        List.of(
                                comparison("the model alone", before, after),
                                comparison("the frequencies of tokens", frequencies, after))),
                frequencies.test(),
                before.test(),
                after.test(),
                samples,
                examples.divided());
    }

    private static Comparison comparison(String baseline, LanguageTest.Examples other, LanguageTest.Examples after) {
        return new Comparison(
                baseline, other.test().loss(), PairedDifference.ofLosses(after.nats(), other.nats(), after.tokens()));
    }

    private List<LanguageResult.Sample> samples(List<TokenExample> held) {
        List<LanguageResult.Sample> samples = new ArrayList<>();
        for (int i = 0; i < held.size() && samples.size() < settings.samples(); i++) {
            TokenExample example = held.get(i);
            int[] prompt = example.prompt();
            if (prompt.length > 0) {
                samples.add(new LanguageResult.Sample(
                        decoder.tokenizer().decode(prompt),
                        decoder.tokenizer().decode(example.answer()),
                        answer(model.base(), prompt),
                        answer(adapter, prompt)));
            }
        }
        return samples;
    }

    private String answer(Model answering, int[] prompt) {
        return new TextGenerator(decoder, answering)
                .generate(prompt, GenerationOptions.greedy().withMaxTokens(LONGEST_SAMPLE), part -> {})
                .text();
    }

    /** Frees the tokenizer, and closes the files. */
    @Override
    public void close() {
        examples.close();
        decoder.close();
    }
}
