package org.lora4j.example.text.calendar;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Model;
import org.lora4j.nn.NativeThreads;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.ChatService;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tools.CallAccuracy;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.train.AdamW;
import org.lora4j.train.CosineWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Calls of functions in one file: train a small Llama to call the functions of a home, teach it those of a calendar with LoRA, and
 * let both answer with and without a grammar.
 */
@SuppressWarnings("try") // the variable of the threads is not read
public final class CalendarLoRA {
    /** Requests of a batch. */
    static final int BATCH = 16;

    static final int HOME_REQUESTS = 20_000;
    static final int REQUESTS = 3_000;
    static final int TESTED = 500;
    static final int BASE_STEPS = 6_000;
    static final int STEPS = 2_000;

    /** More than any call needs. */
    private static final int MOST_TOKENS = 128;

    private CalendarLoRA() {}

    /**
     * Runs the story, in about ten minutes.
     *
     * @param args the folder for the model
     * @throws IOException if a file cannot be read or written
     */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args.length > 0 ? args[0] : "calendar-model");
        try (NativeThreads threads = NativeThreads.forEngine()) {
            run(folder, REQUESTS, TESTED, BASE_STEPS, STEPS, System.out);
        }
    }

    static void run(Path folder, int requests, int tested, int baseSteps, int steps, PrintStream out)
            throws IOException {
        // 1. Make the requests. No text of the test is one of the training, and half of the names and titles are new.
        Assistant home = Assistant.read("home");
        Assistant calendar = Assistant.read("calendar");
        List<Request> train = calendar.requests(requests, 2);
        List<Request> test = calendar.newRequests(tested, 3, train);

        try (DecoderFolder decoder = SmallLlama.create(folder, 1)) {
            // 2. Train all weights of a Llama on the functions of a home.
            out.println("Training a Llama to call the functions of a home");
            trainBase(decoder, home, baseSteps, 1);

            // 3. Add an adapter to all linear layers but the head. This freezes the weights of the Llama.
            LoRAModel model = LoRAModel.of(decoder.network());
            AdapterView adapter = model.add("calendar", config(1));

            // 4. Train the adapter on the functions of the calendar.
            out.println("Training the adapter on the functions of a calendar");
            trainAdapter(adapter, decoder, calendar.tools(), train, steps, 1);

            // 5. Compare: the base and the adapter, each without and with a grammar of the functions.
            out.printf(Locale.ROOT, "%-17s %6s %9s %10s %6s%n", "", "valid", "function", "arguments", "exact");
            for (String name : List.of(LoRAModel.BASE, "calendar")) {
                for (boolean hasGrammar : new boolean[] {false, true}) {
                    CallAccuracy accuracy = compare(
                            answers(decoder, model, name, hasGrammar, test, calendar.tools()), test, request -> true);
                    out.printf(
                            Locale.ROOT,
                            "%-17s %6d %9d %10d %6d of %d%n",
                            (name.equals("calendar") ? "LoRA" : "base") + (hasGrammar ? " + grammar" : ""),
                            accuracy.valid(),
                            accuracy.functions(),
                            accuracy.arguments(),
                            accuracy.exact(),
                            accuracy.answers());
                }
            }
        }
    }

    static LoRAConfig config(long seed) {
        return LoRAConfig.builder().rank(16).alpha(32).seed(seed).build();
    }

    static TrainingResult trainBase(
            DecoderFolder decoder, Assistant home, int steps, long seed, TrainingListener... listeners) {
        Random random = new Random(seed);
        int count = (int) Math.min(HOME_REQUESTS, (long) steps * BATCH);
        List<Conversation> conversations = home.requests(count, seed).stream()
                .map(request -> request.answered(home.someTools(request, random)))
                .toList();
        return train(decoder.network(), examples(decoder, conversations), rate(steps), steps, 0.1, seed, listeners);
    }

    static TrainingResult trainAdapter(
            AdapterView adapter,
            DecoderFolder decoder,
            List<Tool> tools,
            List<Request> requests,
            int steps,
            long seed,
            TrainingListener... listeners) {
        List<Conversation> conversations =
                requests.stream().map(request -> request.answered(tools)).toList();
        return train(adapter, examples(decoder, conversations), rate(steps), steps, 0, seed, listeners);
    }

    private static CosineWarmupSchedule rate(int steps) {
        return new CosineWarmupSchedule(3e-3, 3e-4, Math.min(50, steps / 2), steps);
    }

    /** The tokens of conversations, of which the calls are learned. */
    static List<TokenExample> examples(DecoderFolder decoder, List<Conversation> conversations) {
        DecoderTokens tokens = decoder.tokens();
        return conversations.stream().map(tokens::conversation).toList();
    }

    /**
     * Trains a small language model, or an adapter of it, on batches of conversations.
     *
     * @param model what trains
     * @param examples the tokens of the conversations
     * @param rate the learning rates, for as many steps as there are
     * @param steps the number of batches
     * @param weightDecay the decay of AdamW
     * @param seed decides the order of the conversations
     * @param listeners see the training
     * @return what the training did
     */
    public static TrainingResult train(
            Model model,
            List<TokenExample> examples,
            CosineWarmupSchedule rate,
            int steps,
            double weightDecay,
            long seed,
            TrainingListener... listeners) {
        Adam adam =
                Adam.builder().learningRateSchedule(rate).beta1(0.9).beta2(0.95).build();
        Trainer.Builder trainer = Trainer.builder(model)
                .loss(Loss.nextToken())
                .updater(new AdamW(adam, weightDecay))
                .clipNorm(1)
                .maxIterations(steps);
        List.of(listeners).forEach(trainer::listener);
        return trainer.build()
                .fit(new EpochBatches(
                        examples.size(),
                        Math.min(BATCH, examples.size()),
                        seed,
                        some -> TokenExample.batch(
                                Arrays.stream(some).mapToObj(examples::get).toList())));
    }

    /**
     * Answers requests, many at the same time.
     *
     * @param adapter the name of the adapter, or {@link LoRAModel#BASE}
     * @param hasGrammar whether only calls of the functions can be written, with arguments that fit
     */
    static List<ToolAnswer> answers(
            DecoderFolder decoder,
            LoRAModel model,
            String adapter,
            boolean hasGrammar,
            List<Request> requests,
            List<Tool> tools)
            throws IOException {
        GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(MOST_TOKENS);
        try (GenerationService service = GenerationService.builder(model)
                .allowBase(true)
                .maxWaitingTokens(Long.MAX_VALUE)
                .build()) {
            ChatService chats = ChatService.of(decoder, decoder.requireTemplate(), service);
            List<ChatAnswer> answers = requests.stream()
                    .map(request -> request.question(tools))
                    .map(question -> hasGrammar
                            ? chats.startCall(
                                    adapter, question, Optional.empty(), greedy, List.of(), RequestOptions.defaults())
                            : chats.start(adapter, question, greedy, List.of(), RequestOptions.defaults()))
                    .toList();
            return answers.stream()
                    .map(answer -> answer.read(part -> {}).orElseThrow())
                    .map(whole -> new ToolAnswer(whole.text(), whole.toolCalls()))
                    .toList();
        }
    }

    /** Counts the right answers to some requests. */
    static CallAccuracy compare(List<ToolAnswer> answers, List<Request> requests, Predicate<Request> which) {
        CallAccuracy accuracy = CallAccuracy.NONE;
        for (int i = 0; i < requests.size(); i++) {
            if (which.test(requests.get(i))) {
                accuracy = accuracy.plus(answers.get(i), requests.get(i).expected());
            }
        }
        return accuracy;
    }
}
