package org.lora4j.cli.language;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.cli.model.DecoderFolder;
import org.lora4j.cli.model.TaskFile;
import org.lora4j.cli.train.CheckpointFile;
import org.lora4j.cli.train.Estimate;
import org.lora4j.cli.train.TextTraining;
import org.lora4j.cli.train.TrainingSummary;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.train.EpochBatches;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Model;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;

/** Trains an adapter for a language model, measures the perplexity before and after, and writes the adapter into a folder. */
public final class LanguageTraining implements AutoCloseable {
    private static final String ADAPTER = "adapter";
    private static final int LONGEST_BY_DEFAULT = 1024;
    private static final int LONGEST_SAMPLE = 64;

    private final LanguageTask task;
    private final DecoderFolder decoder;
    private final int maxTokens;
    private final LanguageExamples examples;
    private final LoRAModel model;
    private final AdapterView adapter;
    private final TextTraining training;

    private LanguageTraining(LanguageTask task, DecoderFolder decoder) throws IOException {
        this.task = task;
        this.decoder = decoder;
        maxTokens = maxTokens(task, decoder);
        long seed = task.plan().seed();
        examples = task.kind() == LanguageTask.Kind.SFT
                ? LanguageExamples.conversations(decoder, task.data(), maxTokens, seed)
                : LanguageExamples.blocks(decoder, task.data(), task.text(), maxTokens, seed);
        model = LoRAModel.of(decoder.network());
        LoRAConfig config = task.config();
        adapter = model.add(
                ADAPTER,
                config.toBuilder()
                        .hubFields(config.hubFields().withBaseModel(decoder.name()))
                        .build());
        training = new TextTraining(
                adapter, Loss.nextToken(), task.plan(), examples.train().size(), task.recomputes());
    }

    private static int maxTokens(LanguageTask task, DecoderFolder decoder) {
        int most = decoder.maxLength();
        if (task.maxTokens() > most) {
            throw new IllegalArgumentException("the tokens of an example must be at most the " + most
                    + " positions of the model, found " + task.maxTokens());
        }
        return task.maxTokens() == 0 ? Math.min(most, LONGEST_BY_DEFAULT) : task.maxTokens();
    }

    /**
     * Opens the model and reads the examples.
     *
     * @param task what is trained
     * @return the training, which has not begun
     * @throws IOException if a file cannot be read, or the model is no decoder
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static LanguageTraining prepare(LanguageTask task) throws IOException {
        DecoderFolder decoder = DecoderFolder.open(task.model(), task.storage());
        try {
            return new LanguageTraining(task, decoder);
        } catch (IOException | RuntimeException e) {
            decoder.close();
            throw e;
        }
    }

    /**
     * Returns the examples.
     *
     * @return those for training and for the validation
     */
    public LanguageExamples examples() {
        return examples;
    }

    private long trainable() {
        return adapter.parameters().stream()
                .map(Parameter::value)
                .mapToLong(value -> value.length())
                .sum();
    }

    private long frozen() {
        return decoder.network().parameters().stream()
                .mapToLong(parameter -> LongStream.of(parameter.shape()).reduce(1, Math::multiplyExact))
                .sum();
    }

    private static long tokens(List<TokenExample> some) {
        return some.stream().mapToLong(TokenExample::length).sum();
    }

    private Iterable<Batch> batches() {
        return new EpochBatches(
                examples.train().size(), task.plan().batch(), task.plan().seed(), this::batch);
    }

    private Batch batch(int... indices) {
        return TokenExample.batch(
                Arrays.stream(indices).mapToObj(examples.train()::get).toList());
    }

    private List<Batch> validationBatches() {
        List<TokenExample> held = examples.validation();
        int size = task.plan().batch();
        return IntStream.iterate(0, from -> from < held.size(), from -> from + size)
                .mapToObj(from -> TokenExample.batch(held.subList(from, Math.min(held.size(), from + size))))
                .toList();
    }

    /**
     * Measures what the training needs. It cannot be run after this.
     *
     * @return the estimate
     */
    public Estimate estimate() {
        Estimate.Sizes sizes = new Estimate.Sizes(
                trainable(),
                frozen(),
                examples.train().size(),
                examples.validation().size(),
                examples.train().stream().map(TokenExample::length).toList(),
                tokens(examples.validation()));
        Batch longest = TokenExample.batch(examples.train().stream()
                .sorted(Comparator.comparingInt(TokenExample::length).reversed())
                .limit(task.plan().batch())
                .toList());
        return Estimate.measure(training, sizes, longest, batches());
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("kind", task.kind().name().toLowerCase(Locale.ROOT));
        settings.put("storage", task.storage().name().toLowerCase(Locale.ROOT));
        settings.put("maxTokens", maxTokens);
        settings.put("adapter", task.config().toString());
        settings.putAll(task.plan().settings());
        return settings;
    }

    private CheckpointFile checkpoint(RunFolder folder) throws IOException {
        Map<String, Object> settings = settings();
        settings.put("texts", Integer.toHexString(Objects.hash(hash(examples.train()), hash(examples.validation()))));
        settings.put("the base", training.baseHash(decoder.network()));
        return new CheckpointFile(folder.path(), settings);
    }

    private static int hash(List<TokenExample> some) {
        return some.stream().map(TokenExample::contentHash).toList().hashCode();
    }

    /**
     * Trains, tests, and writes the adapter. The checkpoint stays until the report is written; see
     * {@link CheckpointFile#delete}.
     *
     * @param folder the output folder
     * @param resume whether to go on from the checkpoint in it
     * @param progress shows the training
     * @return the report
     * @throws IOException if a file cannot be read or written
     */
    public LanguageReport run(RunFolder folder, boolean resume, ProgressDisplay progress) throws IOException {
        CheckpointFile checkpoint = checkpoint(folder);
        if (!resume) {
            checkpoint.requireNone();
        }
        TextTraining.Outcome outcome =
                training.run(batches(), validationBatches(), checkpoint, resume, progress, () -> {
                    folder.add("checkpoint", CheckpointFile.NAME);
                    folder.advise("go on with --resume");
                });
        folder.write("the adapter in " + folder.path(), () -> {
            adapter.save(folder.path());
            TaskFile.delete(folder.path());
            return folder;
        });
        folder.add("adapter", "adapter_model.safetensors");
        folder.add("adapterConfig", "adapter_config.json");
        return report(outcome);
    }

    private LanguageReport report(TextTraining.Outcome outcome) {
        List<TokenExample> held = examples.validation();
        return new LanguageReport(
                decoder.name(),
                task.kind(),
                settings(),
                new LanguageReport.Sizes(
                        trainable(),
                        frozen(),
                        examples.train().size(),
                        tokens(examples.train()),
                        held.size(),
                        examples.unlearnable()),
                TrainingSummary.of(outcome),
                held.isEmpty() ? null : LanguageTest.of(model.base(), held),
                held.isEmpty() ? null : LanguageTest.of(adapter, held),
                task.kind() == LanguageTask.Kind.SFT ? samples(held) : List.of(),
                examples.skipped(),
                Map.of());
    }

    private List<LanguageReport.Sample> samples(List<TokenExample> held) {
        List<LanguageReport.Sample> samples = new ArrayList<>();
        for (TokenExample example : held) {
            int[] prompt = example.prompt();
            if (samples.size() < task.samples() && prompt.length > 0) {
                samples.add(new LanguageReport.Sample(
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

    /** Frees the tokenizer. */
    @Override
    public void close() {
        decoder.close();
    }
}
