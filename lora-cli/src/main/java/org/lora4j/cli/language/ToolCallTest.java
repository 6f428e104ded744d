package org.lora4j.cli.language;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.DataFile;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.tools.AnswerForm;
import org.lora4j.text.tools.CallAccuracy;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolFormat;

/**
 * How well a model calls tools. It answers the conversation before each message of the assistant that has calls, and what it calls
 * is compared with these. Each share is part of the one before it.
 *
 * @param answers how many answers were compared
 * @param valid those with at least one call, which is valid JSON in the form of the template
 * @param functions those that call the expected functions, as often and in the same order
 * @param arguments those that do so with the expected arguments: the order of names does not count, and numbers count by their value
 * @param exact those that also have the expected text beside the calls, apart from white space around it
 * @param leftOut how many were not compared: the model has no positions for the conversation before them, or the template writes calls
 *     in no form that is known
 */
public record ToolCallTest(int answers, Share valid, Share functions, Share arguments, Share exact, int leftOut) {
    private static final int MOST_TOKENS = 512;

    /**
     * A number of answers.
     *
     * @param count how many
     * @param share their share of all, from 0 to 1
     */
    public record Share(int count, double share) {}

    /**
     * Tests a model. An answer has at most 512 tokens.
     *
     * @param decoder the folder of the model
     * @param model the model, or the model with an adapter
     * @param data a file with conversations
     * @return what was found; null if the file has no conversation, or no message in it has calls
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if a line is wrong
     */
    public static @Nullable ToolCallTest of(DecoderFolder decoder, Model model, DataFile data) throws IOException {
        ChatTemplate template = decoder.template().orElse(null);
        if (template == null || !LanguageExamples.isConversation(data)) {
            return null;
        }
        Comparison comparison = new Comparison(decoder, template, new TextGenerator(decoder, model));
        // What is wrong with a line shows when its conversation is read and written.
        Dataset<Integer> calls = data.all().map(comparison::add);
        try (Stream<Integer> all = (data.skipsBad() ? calls.skipping(e -> {}) : calls).stream()) {
            long unused = all.mapToInt(Integer::intValue).sum();
        }
        return comparison.result();
    }

    /** Counts. */
    private static final class Comparison {
        private final DecoderFolder decoder;
        private final ChatTemplate template;
        private final TextGenerator generator;
        private CallAccuracy counts = CallAccuracy.NONE;
        private int leftOut;

        Comparison(DecoderFolder decoder, ChatTemplate template, TextGenerator generator) {
            this.decoder = decoder;
            this.template = template;
            this.generator = generator;
        }

        /** Compares the calls of a conversation, and returns how many messages have some. */
        int add(TextRow row) {
            int before = counts.answers() + leftOut;
            Conversation conversation = Conversation.of(row);
            List<ChatMessage> messages = conversation.messages();
            for (int i = 1; i < messages.size(); i++) {
                if (messages.get(i).isLearned() && !messages.get(i).toolCalls().isEmpty()) {
                    try {
                        add(new Conversation(messages.subList(0, i), conversation.tools()), messages.get(i));
                    } catch (IllegalArgumentException e) {
                        throw row.refuse("the chat template must take the conversation: " + e.getMessage());
                    }
                }
            }
            return counts.answers() + leftOut - before;
        }

        private void add(Conversation before, ChatMessage expected) {
            int[] prompt = decoder.tokenizer()
                    .encodeRendered(template.render(before, true))
                    .ids();
            ToolFormat format = template.toolFormat().orElse(null);
            if (format == null || prompt.length > decoder.maxLength()) {
                leftOut++;
                return;
            }
            GenerationOptions options = GenerationOptions.greedy().withMaxTokens(MOST_TOKENS);
            String content = expected.content();
            AnswerForm form = template.answerForm().withCalls(format, before.describedTools());
            counts = counts.plus(
                    form.read(generator.generate(prompt, options, form.marks())),
                    new ToolAnswer(content == null ? "" : content, expected.toolCalls()));
        }

        @Nullable
        ToolCallTest result() {
            return counts.answers() + leftOut == 0
                    ? null
                    : new ToolCallTest(
                            counts.answers(),
                            share(counts.valid()),
                            share(counts.functions()),
                            share(counts.arguments()),
                            share(counts.exact()),
                            leftOut);
        }

        private Share share(int count) {
            return new Share(count, counts.answers() == 0 ? 0 : (double) count / counts.answers());
        }
    }
}
