package org.lora4j.example.text.story;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.CosineWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;

/**
 * A language model in one file: train a small Llama on the speeches of American presidents before 1946, and teach it the
 * language of later ones with LoRA, without changing its own weights.
 */
@SuppressWarnings("try") // the variable of the threads is not read
public final class StoryLoRA {
    /** Windows of a batch. */
    static final int BATCH = 16;

    /** So many windows of each test are enough for the third digit. */
    static final int TESTED = 800;

    private StoryLoRA() {}

    /**
     * Runs the story, in some minutes.
     *
     * @param args none
     * @throws IOException if the speeches cannot be read
     */
    public static void main(String[] args) throws IOException {
        try (NativeThreads threads = NativeThreads.forEngine();
                Tokenizer tokenizer = tokenizer()) {
            run(tokenizer, 700, 200, TESTED, System.out);
        }
    }

    static void run(Tokenizer tokenizer, int baseSteps, int steps, int tested, PrintStream out) throws IOException {
        // 1. Read the speeches as tokens, and cut them into windows.
        Speeches oldTrain = Speeches.read("old-train", tokenizer);
        Speeches newTrain = Speeches.read("new-train", tokenizer);
        Speeches oldTest = Speeches.read("old-test", tokenizer);
        Speeches newTest = Speeches.read("new-test", tokenizer);

        // 2. Create a Llama with random weights, and train all of them on the old speeches.
        Network base = initial(1).causal();
        out.println("Training a Llama on the speeches before 1946");
        trainBase(base, oldTrain, baseSteps, 1);

        // 3. Add an adapter to all linear layers but the head. This freezes the weights of the Llama.
        LoRAModel model = LoRAModel.of(base);
        AdapterView modern = model.add("modern", config(1));

        // 4. Train the adapter on the new speeches.
        out.println("Training the adapter on the speeches since 1946");
        trainAdapter(modern, newTrain, steps, 1);

        // 5. Compare: how well do both predict speeches that they have not seen? The lower, the better.
        out.println("Perplexity      before 1946   since 1946");
        for (Model one : new Model[] {model.base(), modern}) {
            out.printf(
                    Locale.ROOT,
                    "%-12s %14.1f %12.1f%n",
                    one == modern ? "with LoRA" : "base",
                    test(one, oldTest, tested).perplexity(),
                    test(one, newTest, tested).perplexity());
        }

        // 6. Let both go on from the same words.
        for (Model one : new Model[] {model.base(), modern}) {
            out.printf("%n%s: %s%n", one == modern ? "With LoRA" : "Base", write(one, "Our troops", tokenizer, 1));
        }
    }

    /** The tokenizer that was made from the old speeches. */
    static Tokenizer tokenizer() throws IOException {
        return Tokenizer.read(Speeches.resource("tokenizer.json"));
    }

    static PretrainedModel initial(long seed) throws IOException {
        String config = new String(Speeches.resource("config.json").readAllBytes(), StandardCharsets.UTF_8);
        return PretrainedModel.initialize(ModelConfig.parse(config), DataType.FLOAT, seed);
    }

    static LoRAConfig config(long seed) {
        return LoRAConfig.builder().rank(8).alpha(16).seed(seed).build();
    }

    static TrainingResult trainBase(
            Network base, Speeches speeches, int steps, long seed, TrainingListener... listeners) {
        return train(base, speeches, steps, 50, 0.1, seed, listeners);
    }

    static TrainingResult trainAdapter(
            AdapterView adapter, Speeches speeches, int steps, long seed, TrainingListener... listeners) {
        return train(adapter, speeches, steps, 20, 0, seed, listeners);
    }

    private static TrainingResult train(
            Model model,
            Speeches speeches,
            int steps,
            int warmup,
            double weightDecay,
            long seed,
            TrainingListener... listeners) {
        CosineWarmupSchedule rate = new CosineWarmupSchedule(3e-3, 3e-4, Math.min(warmup, steps / 2), steps);
        Adam adam =
                Adam.builder().learningRateSchedule(rate).beta1(0.9).beta2(0.95).build();
        Trainer.Builder trainer = Trainer.builder(model)
                .loss(Loss.nextToken())
                .updater(new AdamW(adam, weightDecay))
                .clipNorm(1)
                .maxIterations(steps);
        List.of(listeners).forEach(trainer::listener);
        return trainer.build().fit(new EpochBatches(speeches.count(), BATCH, seed, speeches::batch));
    }

    /** How well a model predicts each token of some windows from those before it. */
    static Perplexity test(Model model, Speeches speeches, int most) {
        Generator generator = Generator.of(model);
        double nats = 0;
        int count = Math.min(most, speeches.count());
        for (int i = 0; i < count; i++) {
            int[] window = speeches.window(i);
            int[] rest = Arrays.copyOfRange(window, 1, window.length);
            nats -= generator.score(new int[] {window[0]}, rest).sum();
        }
        return new Perplexity(nats, count * (Speeches.WINDOW - 1L), 0);
    }

    /** Lets a model go on from some words. */
    static String write(Model model, String words, Tokenizer tokenizer, long seed) {
        GenerationOptions options = GenerationOptions.sampling(seed)
                .withTemperature(0.8)
                .withTopK(40)
                .withTopP(0.95)
                .withStopIds(Speeches.end(tokenizer).stream().toArray())
                .withMaxTokens(100);
        int[] prompt = tokenizer.encode(words).ids();
        return words
                + tokenizer.decode(Generator.of(model).generate(prompt, options).ids());
    }
}
