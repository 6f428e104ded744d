package org.lora4j.example.text.tea;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.lora4j.LoRAModel;
import org.lora4j.example.text.calendar.CalendarLoRA;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.ChatService;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.train.CosineWarmupSchedule;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.buffer.DataType;

/** The small Llama of the tea shop: how it is made, trained and tested. */
final class TeaModel {
    private static final List<String> ADDED = List.of(
            "<|functions|>",
            "<|system|>",
            "<|user|>",
            "<|tool|>",
            "<|assistant|>",
            "<tool_call>",
            "</tool_call>",
            "<|end|>");
    private static final Set<String> MARKS = Set.of("<tool_call>", "</tool_call>");
    private static final int VOCABULARY = 1536;

    /** So many conversations decide which pairs of bytes are tokens. */
    private static final int FOR_TOKENS = 5_000;

    private static final int MOST_TOKENS = 100;

    private TeaModel() {}

    private static String resource(String name) throws IOException {
        try (InputStream file = Objects.requireNonNull(TeaModel.class.getResourceAsStream(name), name)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Writes the model with weights at random into a folder, and opens it. */
    static DecoderFolder create(TeaShop shop, Path folder, long seed) throws IOException {
        Files.createDirectories(folder);
        BytePairs pairs = new BytePairs();
        for (Conversation conversation : shop.conversations(FOR_TOKENS, seed + 1)) {
            for (ChatMessage message : conversation.messages()) {
                pairs.add(Objects.requireNonNullElse(message.content(), ""));
                for (ToolCall call : message.toolCalls()) {
                    pairs.add("\n{\"name\": \"" + call.name() + "\", \"arguments\": " + call.arguments() + "}\n");
                }
            }
        }
        Stream.concat(
                        shop.december(FOR_TOKENS, seed + 1, Talk.Purpose.MODEL).stream(),
                        shop.pirate(FOR_TOKENS, seed + 1, Talk.Purpose.MODEL).stream())
                .flatMap(conversation -> conversation.messages().stream())
                .forEach(message -> pairs.add(Objects.requireNonNullElse(message.content(), "")));
        shop.tools().forEach(tool -> pairs.add(tool.name() + "(" + tool.parameters() + ")\n"));
        Files.writeString(folder.resolve("tokenizer.json"), pairs.json(VOCABULARY, ADDED, MARKS));
        for (String name : new String[] {"tokenizer_config.json", "chat_template.jinja"}) {
            Files.writeString(folder.resolve(name), resource(name));
        }
        PretrainedModel model =
                PretrainedModel.initialize(ModelConfig.parse(resource("config.json")), DataType.FLOAT, seed);
        model.save(model.causal(), folder);
        return DecoderFolder.open(folder, DataType.FLOAT);
    }

    /** Trains all weights on conversations. */
    static TrainingResult train(
            DecoderFolder decoder,
            List<Conversation> conversations,
            int steps,
            long seed,
            TrainingListener... listeners) {
        List<TokenExample> examples =
                conversations.stream().map(decoder.tokens()::conversation).toList();
        CosineWarmupSchedule rate = new CosineWarmupSchedule(3e-3, 1e-4, Math.min(100, steps / 2), steps);
        return CalendarLoRA.train(decoder.network(), examples, rate, steps, 0.1, seed, listeners);
    }

    /** Writes the weights with 16 bits each. */
    static void save(DecoderFolder decoder, Path folder) throws IOException {
        decoder.model().save(decoder.network(), folder, Dtype.BF16);
    }

    /** Lets a model answer the last message of each conversation again, and returns which answers are the same. */
    static List<Boolean> answers(DecoderFolder decoder, LoRAModel model, String adapter, List<Conversation> tests)
            throws IOException {
        GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(MOST_TOKENS);
        try (GenerationService service = GenerationService.builder(model)
                .allowBase(true)
                .maxWaitingTokens(Long.MAX_VALUE)
                .build()) {
            ChatService chats = ChatService.of(decoder, decoder.requireTemplate(), service);
            List<ChatAnswer> answers = tests.stream()
                    .map(test -> chats.start(adapter, question(test), greedy, List.of(), RequestOptions.defaults()))
                    .toList();
            List<Boolean> same = new ArrayList<>();
            for (int i = 0; i < answers.size(); i++) {
                ChatAnswer.Whole whole = answers.get(i).read(part -> {}).orElseThrow();
                ChatMessage expected =
                        tests.get(i).messages().get(tests.get(i).messages().size() - 1);
                List<ToolCall> calls = expected.toolCalls();
                same.add(whole.text().strip().equals(Objects.requireNonNullElse(expected.content(), ""))
                        && whole.toolCalls().size() == calls.size()
                        && (calls.isEmpty() || whole.toolCalls().get(0).isSameAs(calls.get(0))));
            }
            return same;
        }
    }

    private static Conversation question(Conversation conversation) {
        List<ChatMessage> messages = conversation.messages();
        return new Conversation(messages.subList(0, messages.size() - 1), conversation.tools());
    }
}
