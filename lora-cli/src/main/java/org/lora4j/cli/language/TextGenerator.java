package org.lora4j.cli.language;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.tokens.TokenStream;

/** Generates text with a decoder. */
public final class TextGenerator {
    private final DecoderFolder decoder;
    private final DecoderTokens tokens;
    private final Generator generator;

    /**
     * Creates a generator.
     *
     * @param decoder the folder of the model, with its tokenizer
     * @param model the model, or the model with an adapter
     */
    public TextGenerator(DecoderFolder decoder, Model model) {
        this.decoder = decoder;
        tokens = decoder.tokens();
        generator = Generator.of(model);
    }

    /**
     * What was generated.
     *
     * @param text the text
     * @param promptTokens the tokens of the prompt
     * @param tokens the new tokens
     * @param finish why it ended
     */
    public record Result(String text, int promptTokens, int tokens, String finish) {}

    /**
     * Continues a text as it stands.
     *
     * @param prompt the text
     * @param options how tokens are chosen; the ends of the model are added
     * @param consumer is given each part of the new text as it comes
     * @return what was generated
     */
    public Result continueText(String prompt, GenerationOptions options, Consumer<String> consumer) {
        return generate(decoder.tokenizer().encode(prompt).ids(), options, consumer);
    }

    /**
     * Answers a conversation.
     *
     * @param conversation the conversation
     * @param options how tokens are chosen; the ends of the model are added
     * @param consumer is given each part of the answer as it comes
     * @return the answer
     * @throws IOException if the model has no chat template
     */
    public Result answer(Conversation conversation, GenerationOptions options, Consumer<String> consumer)
            throws IOException {
        String prompt = decoder.requireTemplate().render(conversation, true);
        return generate(decoder.tokenizer().encodeRendered(prompt).ids(), options, consumer);
    }

    /**
     * Answers a message if the model has a chat template, or else continues it.
     *
     * @param prompt the message
     * @param options how tokens are chosen; the ends of the model are added
     * @param consumer is given each part of the new text as it comes
     * @return what was generated
     */
    public Result reply(String prompt, GenerationOptions options, Consumer<String> consumer) {
        return generate(promptTokens(prompt), options, consumer);
    }

    /**
     * Returns the tokens of a message, as {@link #reply} gives them to the model.
     *
     * @throws IllegalArgumentException if the chat template refuses the message, or the model cannot take so few or so many
     *     tokens
     */
    int[] promptTokens(String prompt) {
        return tokens.prompt(prompt);
    }

    /** Continues tokens, at most to the last position of the model. */
    Result generate(int[] prompt, GenerationOptions options, Consumer<String> consumer) {
        return generate(prompt, options, decoder.tokenizer().stream(), consumer);
    }

    /** The same, of which only the text is returned, with some special tokens in it. */
    String generate(int[] prompt, GenerationOptions options, List<String> kept) {
        return generate(prompt, options, decoder.tokenizer().stream(kept), part -> {})
                .text();
    }

    private Result generate(int[] prompt, GenerationOptions options, TokenStream stream, Consumer<String> consumer) {
        StringBuilder text = new StringBuilder();
        Consumer<String> add = part -> {
            if (!part.isEmpty()) {
                text.append(part);
                consumer.accept(part);
            }
        };
        Generation generation = generator.generate(prompt, tokens.fitting(options, prompt.length), id -> {
            add.accept(stream.add(id));
            return true;
        });
        add.accept(stream.end());
        return new Result(
                text.toString(),
                generation.promptTokens(),
                generation.newTokens().size(),
                generation.finish().name());
    }
}
