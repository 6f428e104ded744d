package org.lora4j.text.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.internal.TextCheck;

/**
 * Turns texts and conversations into the tokens that a decoder learns or continues. Thread-safe.
 *
 * <pre>{@code
 * DecoderTokens tokens = decoder.tokens();
 * TokenExample example = tokens.completion("2 + 2 =", " 4");
 * int[] prompt = tokens.prompt("2 + 2 =");
 * }</pre>
 */
public final class DecoderTokens {
    private static final int LAST_WORD = 64;

    /**
     * A normalization makes at most so many bytes of one (<a href="https://unicode.org/faq/normalization.html#12">Unicode</a>), and
     * no token has less than a byte.
     */
    private static final int MOST_TOKENS_OF_BYTE = 11;

    /** What a tokenizer adds at the beginning. */
    private static final int MOST_ADDED = 8;

    private final DecoderRules decoder;

    /**
     * Creates an instance.
     *
     * @param decoder what the files of the model say, with its tokenizer, which must stay open
     */
    public DecoderTokens(DecoderRules decoder) {
        this.decoder = Objects.requireNonNull(decoder, "decoder must not be null");
    }

    /**
     * Reads a row of which the answers are learned: a conversation if the model has a chat template, or else a {@code prompt} and a
     * {@code completion}.
     *
     * @param row the row
     * @return the text; or one for each answer, if the template writes earlier answers in another way
     * @throws TextFormatException if it has another form, or the template refuses it; the message names the line
     */
    public List<LearnedText> learned(TextRow row) {
        Objects.requireNonNull(row, "row must not be null");
        if (decoder.template().isEmpty()) {
            requireTexts(row, "prompt", "completion");
            return List.of(new LearnedText.Completion(row.pair("prompt", "completion")));
        }
        Conversation conversation = Conversation.of(row);
        try {
            return template().examples(conversation).stream()
                    .<LearnedText>map(LearnedText.Chat::new)
                    .toList();
        } catch (IllegalArgumentException e) {
            throw row.refuse("the chat template must take the conversation: " + e.getMessage());
        }
    }

    /**
     * Returns what two rows of {@link #learned} are compared by.
     *
     * @param row the row
     * @return the whole conversation, or the prompt and the completion
     * @throws TextFormatException if the row has another form; the message names the line
     */
    public String content(TextRow row) {
        Objects.requireNonNull(row, "row must not be null");
        if (decoder.template().isPresent()) {
            return Conversation.of(row).toString();
        }
        requireTexts(row, "prompt", "completion");
        return row.pair("prompt", "completion").toString();
    }

    /**
     * Reads a row with a prompt and two answers: conversations if the model has a chat template, or else texts in {@code prompt},
     * {@code chosen} and {@code rejected}.
     *
     * @param row the row
     * @return the example
     * @throws TextFormatException if it has another form, or is refused as by {@link #preference(Preference)}; the message names the line
     */
    public PreferenceExample preference(TextRow row) {
        Objects.requireNonNull(row, "row must not be null");
        try {
            if (decoder.template().isPresent()) {
                return preference(Preference.of(row));
            }
            requireTexts(row, "prompt", "chosen", "rejected");
            return preference(row.text("prompt"), row.text("chosen"), row.text("rejected"));
        } catch (TextFormatException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Returns what two rows of {@link #preference(TextRow)} are compared by.
     *
     * @param row the row
     * @return the prompt with both answers
     * @throws TextFormatException if the row has another form; the message names the line
     */
    public String preferenceContent(TextRow row) {
        Objects.requireNonNull(row, "row must not be null");
        if (decoder.template().isPresent()) {
            return Preference.of(row).toString();
        }
        requireTexts(row, "prompt", "chosen", "rejected");
        return String.join("\n", row.text("prompt"), row.text("chosen"), row.text("rejected"));
    }

    /** A model without a chat template takes no conversations. */
    private void requireTexts(TextRow row, String... columns) {
        if (!row.columns().containsAll(List.of(columns))) {
            throw row.refuse(
                    "must have the texts " + String.join(", ", columns) + ", because the model " + decoder.name()
                            + " has no chat template, found " + row.columns()
                            + "; for conversations, use a model with a chat template");
        }
    }

    /** Returns a conversation that the chat template wrote. */
    TokenExample chat(ChatText text) {
        ChatTokens tokens = ChatTemplate.tokens(decoder.tokenizer(), text);
        return new TokenExample(tokens.ids(), tokens.learned());
    }

    /** Returns how many tokens a text has at most. */
    static long mostTokens(String text) {
        long most = MOST_ADDED;
        for (int i = 0; i < text.length(); i++) {
            // Three bytes are the most of a character that Java counts as one.
            most += text.charAt(i) < 0x80 ? 1 : 3 * MOST_TOKENS_OF_BYTE;
        }
        return most;
    }

    /**
     * Returns a conversation of which the answers are learned, as the chat template writes it.
     *
     * @param conversation the conversation
     * @return the example
     * @throws IllegalArgumentException if the model has no chat template, or the template refuses the conversation
     */
    public TokenExample conversation(Conversation conversation) {
        Objects.requireNonNull(conversation, "conversation must not be null");
        ChatTokens tokens;
        try {
            tokens = template().tokens(decoder.tokenizer(), conversation);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the chat template must take the conversation: " + e.getMessage(), e);
        }
        return new TokenExample(tokens.ids(), tokens.learned());
    }

    private ChatTemplate template() {
        return decoder.template()
                .orElseThrow(() -> new IllegalArgumentException("the model " + decoder.name()
                        + " must have a chat template for conversations, found none; use a model that was trained for"
                        + " chats, or plain text"));
    }

    /**
     * Returns a prompt and what follows it, of which the latter is learned with its end. Both are taken as they stand.
     *
     * @param prompt the prompt
     * @param completion what follows
     * @return the example
     */
    public TokenExample completion(String prompt, String completion) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        Objects.requireNonNull(completion, "completion must not be null");
        int[] first = decoder.tokenizer().encode(prompt).ids();
        int[] second = withEnd(decoder.tokenizer().encodeRendered(completion).ids());
        int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        boolean[] learned = new boolean[all.length];
        Arrays.fill(learned, first.length, all.length, true);
        return new TokenExample(all, learned);
    }

    /**
     * Returns a message and its answer, of which the answer is learned: as a conversation if the model has a chat template, or
     * else as {@link #completion}.
     *
     * @param prompt the message
     * @param completion the answer
     * @return the example
     * @throws IllegalArgumentException as {@link #conversation}
     */
    public TokenExample exchange(String prompt, String completion) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        Objects.requireNonNull(completion, "completion must not be null");
        return decoder.template().isEmpty()
                ? completion(prompt, completion)
                : conversation(Conversation.of(
                        ChatMessage.of("user", prompt), ChatMessage.of(ChatMessage.ASSISTANT, completion)));
    }

    /**
     * Returns a prompt with two answers, as the chat template writes them. The answer is all that follows the prompt with the
     * beginning of the assistant's message, as in TRL.
     *
     * @param preference the prompt and the answers
     * @return the example
     * @throws IllegalArgumentException if the model has no chat template, the template refuses the messages, or it writes the
     *     prompt in another way when an answer follows
     */
    public PreferenceExample preference(Preference preference) {
        Objects.requireNonNull(preference, "preference must not be null");
        return new PreferenceExample(
                answer(preference, preference.chosen()), answer(preference, preference.rejected()));
    }

    private TokenExample answer(Preference preference, List<ChatMessage> answer) {
        String prompt;
        String whole;
        try {
            prompt = template()
                    .written(preference.prompt(), true, Map.of())
                    .whole()
                    .text();
            whole = template()
                    .written(preference.with(answer), false, Map.of())
                    .whole()
                    .text();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the chat template must take the conversation: " + e.getMessage(), e);
        }
        if (!whole.startsWith(prompt)) {
            throw new IllegalArgumentException("the chat template must write the prompt in the same way when an answer"
                    + " follows, found another beginning; give the prompt and the answer as texts to a model without a"
                    + " chat template");
        }
        return chat(new ChatText(whole, List.of(new ChatText.Turn(prompt.length(), whole.length()))));
    }

    /**
     * Returns a prompt with two answers, which are taken as they stand, with the token that ends them.
     *
     * @param prompt the prompt
     * @param chosen the preferred answer
     * @param rejected the other answer
     * @return the example
     * @throws IllegalArgumentException if the prompt has no token, or both answers have the same tokens
     */
    public PreferenceExample preference(String prompt, String chosen, String rejected) {
        return new PreferenceExample(completion(prompt, chosen), completion(prompt, rejected));
    }

    /**
     * Returns plain text with the token that ends it.
     *
     * @param text the text
     * @return its tokens
     */
    public int[] text(String text) {
        Objects.requireNonNull(text, "text must not be null");
        return withEnd(decoder.tokenizer().encode(text).ids());
    }

    /**
     * Adds the token that ends a text.
     *
     * @param ids the tokens
     * @return the tokens with the first of the ends of the model; a model without ends adds none
     */
    public int[] withEnd(int[] ids) {
        Objects.requireNonNull(ids, "ids must not be null");
        int[] end =
                decoder.endIds().stream().limit(1).mapToInt(Integer::intValue).toArray();
        int[] all = Arrays.copyOf(ids, ids.length + end.length);
        System.arraycopy(end, 0, all, ids.length, end.length);
        return all;
    }

    /**
     * Cuts tokens of plain text into examples.
     *
     * @param ids the tokens, of one text or of several one after the other
     * @param block the tokens of an example
     * @return the examples, all of whose tokens are learned. One token at the end is left out, because nothing predicts it
     */
    public static List<TokenExample> blocks(int[] ids, int block) {
        Objects.requireNonNull(ids, "ids must not be null");
        List<TokenExample> blocks = new ArrayList<>();
        for (int from = 0; from < ids.length; from += block) {
            int[] part = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + block));
            if (part.length > 1) {
                blocks.add(TokenExample.ofText(part));
            }
        }
        return blocks;
    }

    /**
     * Returns the tokens of a message to answer if the model has a chat template, or else of a text to continue.
     *
     * @param prompt the message
     * @return the tokens
     * @throws IllegalArgumentException if the chat template refuses the message, or the model cannot take so few or so many
     *     tokens. The message is for the client
     */
    public int[] prompt(String prompt) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        return decoder.template().isEmpty() ? plain(prompt) : prompt(Conversation.of(ChatMessage.of("user", prompt)));
    }

    /**
     * Returns the tokens of a text to continue.
     *
     * @param text the text
     * @return the tokens
     * @throws IllegalArgumentException if the model cannot take so few or so many tokens. The message is for the client
     */
    public int[] plain(String text) {
        Objects.requireNonNull(text, "text must not be null");
        requireCharacters(text.length());
        return tokens(text, true);
    }

    /**
     * Returns the tokens of a conversation to answer.
     *
     * @param conversation the conversation up to the answer
     * @return the tokens
     * @throws IllegalArgumentException as {@link #prompt(String)}, or if the model has no chat template
     */
    public int[] prompt(Conversation conversation) {
        Objects.requireNonNull(conversation, "conversation must not be null");
        return prompt(conversation, template());
    }

    /**
     * Returns the tokens of a conversation to answer, as a template writes it.
     *
     * @param conversation the conversation up to the answer
     * @param template the template
     * @return the tokens
     * @throws IllegalArgumentException as {@link #prompt(String)}
     */
    public int[] prompt(Conversation conversation, ChatTemplate template) {
        Objects.requireNonNull(conversation, "conversation must not be null");
        Objects.requireNonNull(template, "template must not be null");
        requireCharacters(characters(conversation));
        ChatTemplate.Written written;
        try {
            written = template.written(conversation, true, Map.of());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the chat template of the model must take the messages, found " + TextCheck.line(e.getMessage()),
                    e);
        }
        String rendered = written.whole().text();
        requireCharacters(rendered.length());
        return tokens(rendered, false);
    }

    /**
     * Returns the tokens of a text that fits. One that is far too long is found out by its beginning, which costs less: a token mostly
     * has more characters than one and a half.
     */
    private int[] tokens(String text, boolean special) {
        long most = decoder.maxLength();
        for (long part = most + most / 2; part < text.length(); part *= 2) {
            int found = decoder.tokenizer().ids(text.substring(0, (int) part), special).length;
            // The word that is cut can have more tokens than the whole one.
            if (found > most + Math.max(LAST_WORD, decoder.longestToken())) {
                throw tooLong(found + " in the first " + part + " characters");
            }
        }
        return requireRoom(decoder.tokenizer().ids(text, special));
    }

    /**
     * Returns how long the texts of a conversation are.
     *
     * @param conversation the conversation
     * @return the number of their characters
     */
    public static long characters(Conversation conversation) {
        return conversation.messages().stream()
                .map(ChatMessage::content)
                .filter(Objects::nonNull)
                .mapToLong(String::length)
                .sum();
    }

    private void requireCharacters(long found) {
        if (found > decoder.maxCharacters()) {
            throw new IllegalArgumentException("the prompt must have at most " + decoder.maxCharacters()
                    + " characters, the " + decoder.maxLength() + " positions of the model times the "
                    + decoder.longestToken() + " characters of its longest token, found " + found
                    + "; shorten the text, or leave out older messages");
        }
    }

    /**
     * Checks the length of a prompt.
     *
     * @param ids its tokens
     * @return the same tokens
     * @throws IllegalArgumentException if the model cannot take so few or so many tokens. The message is for the client
     */
    public int[] requireRoom(int[] ids) {
        Objects.requireNonNull(ids, "ids must not be null");
        if (ids.length == 0 || ids.length > decoder.maxLength()) {
            throw tooLong(String.valueOf(ids.length));
        }
        return ids;
    }

    private IllegalArgumentException tooLong(String found) {
        return new IllegalArgumentException("the prompt must have 1 to " + decoder.maxLength()
                + " tokens, as many as the model has positions for, found " + found
                + (found.equals("0") ? "" : "; shorten the text, or leave out older messages"));
    }

    /**
     * Ends a generation at the ends of the model, and at its last position.
     *
     * @param options how tokens are chosen
     * @param promptTokens the number of tokens of the prompt
     * @return the options with these ends
     */
    public GenerationOptions fitting(GenerationOptions options, int promptTokens) {
        Objects.requireNonNull(options, "options must not be null");
        int[] ends = decoder.endIds().stream().mapToInt(Integer::intValue).toArray();
        // The last new token needs no position.
        int room = decoder.maxLength() - promptTokens + 1;
        GenerationOptions fitting = room < 1 || options.maxTokens() == 0
                ? options
                : options.withMaxTokens(Math.min(room, options.maxTokens()));
        return fitting.withStopIds(ends);
    }
}
