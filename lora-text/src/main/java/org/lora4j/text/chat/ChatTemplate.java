package org.lora4j.text.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.lora4j.text.chat.internal.JinjaException;
import org.lora4j.text.chat.internal.JinjaTemplate;
import org.lora4j.text.internal.Json;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tokens.TokenizedText;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.text.tools.AnswerForm;
import org.lora4j.text.tools.ThoughtFormat;
import org.lora4j.text.tools.ToolFormat;

/**
 * How a model wants conversations written: the template of {@code tokenizer_config.json} or {@code chat_template.jinja}, in
 * Jinja, with the settings and the functions that {@code transformers} gives it. The file may come from somebody else: a
 * template sees the conversation and the special tokens, reaches nothing of Java, and ends after 50 million steps, of which each
 * character that it reads or makes is one. A text that it writes has at most 10 million characters.
 */
public final class ChatTemplate {
    private static final int NONE = -1;

    /** A mark and an answer begin with fewer equal characters. */
    private static final int MOST_COMMON = 32;

    private static final String CONFIG = "tokenizer_config.json";
    private static final String FILE = "chat_template.jinja";
    private static final String DEFAULT = "default";
    private static final String TOOLS = "tool_use";
    private static final String FILE_FOR_TOOLS = "additional_chat_templates/" + TOOLS + ".jinja";
    private static final List<String> SPECIAL =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private final JinjaTemplate template;
    /** The one for conversations with tools, if there is another. */
    private final @Nullable JinjaTemplate forTools;

    private final Map<String, String> special;

    private final @Nullable ToolFormat toolFormat;

    /** What is read from an answer without calls. */
    private final AnswerForm answerForm;

    private ChatTemplate(String source, @Nullable String withTools, Map<String, String> special) {
        template = JinjaTemplate.parse(source);
        forTools = withTools == null ? null : JinjaTemplate.parse(withTools);
        this.special = special;
        toolFormat = FormatProbe.find(ToolFormat.candidates(withTools == null ? source : withTools), this)
                .orElse(null);
        answerForm = ThoughtFormat.find(source)
                .map(thoughts -> new AnswerForm(thoughts, FormatProbe.opens(thoughts, this), null, List.of()))
                .orElse(AnswerForm.TEXT);
    }

    /**
     * Reads the template of a model folder. {@code chat_template.jinja} comes before {@code chat_template} of
     * {@code tokenizer_config.json}. Of several there, the one with the name {@code tool_use} is for conversations with tools, and
     * {@code default} for all others, as in {@code transformers}; {@code additional_chat_templates/tool_use.jinja} is one too.
     *
     * @param folder the folder
     * @return the template
     * @throws IOException if a file cannot be read, or there is no template
     * @throws IllegalArgumentException if a file is not what it must be; the message names the file, and the line of the template
     */
    public static ChatTemplate load(Path folder) throws IOException {
        return load(ModelSource.of(folder));
    }

    /**
     * Reads the template of a model, as {@link #load(Path)} does.
     *
     * @param files the files of the model
     * @return the template
     * @throws IOException as {@link #load(Path)}
     * @throws IllegalArgumentException as {@link #load(Path)}
     */
    public static ChatTemplate load(ModelSource files) throws IOException {
        Objects.requireNonNull(files, "files must not be null");
        JsonNode config = Json.readIfExists(files, CONFIG);
        if (config == null) {
            config = StrictJson.MAPPER.createObjectNode();
        }
        String source = Json.textIfExists(files, FILE);
        String withTools =
                source == null ? source(config.path("chat_template"), TOOLS) : Json.textIfExists(files, FILE_FOR_TOOLS);
        if (source == null) {
            source = source(config.path("chat_template"), DEFAULT);
        }
        if (source == null) {
            throw new FileNotFoundException(files + ": the folder of a chat model must have " + FILE
                    + ", or chat_template in " + CONFIG + ", found neither; give the template with ChatTemplate.of");
        }
        Map<String, String> special = new LinkedHashMap<>();
        for (String name : SPECIAL) {
            JsonNode token = config.path(name);
            JsonNode content = token.isObject() ? token.path("content") : token;
            if (content.isTextual()) {
                special.put(name, content.textValue());
            }
        }
        return new ChatTemplate(source, withTools, Map.copyOf(special));
    }

    private static @Nullable String source(JsonNode template, String name) {
        if (template.isTextual()) {
            return name.equals(DEFAULT) ? template.textValue() : null;
        }
        for (JsonNode named : template) {
            if (named.path("name").asText().equals(name)
                    && named.path("template").isTextual()) {
                return named.path("template").textValue();
            }
        }
        return null;
    }

    /**
     * Creates a template.
     *
     * @param source the template in Jinja
     * @param specialTokens the special tokens that it names, such as {@code bos_token}
     * @return the template
     * @throws IllegalArgumentException if it is not a template; the message has the line
     */
    public static ChatTemplate of(String source, Map<String, String> specialTokens) {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(specialTokens, "specialTokens must not be null");
        return new ChatTemplate(source, null, Map.copyOf(specialTokens));
    }

    /**
     * Returns a special token.
     *
     * @param name its name in {@code tokenizer_config.json}, such as {@code eos_token}
     * @return its text; empty if the file does not name it
     */
    public Optional<String> specialToken(String name) {
        Objects.requireNonNull(name, "name must not be null");
        return Optional.ofNullable(special.get(name));
    }

    /**
     * Returns how the model writes calls of tools.
     *
     * @return the format whose marks occur in the template; nothing if it has none, or writes a call in another way
     */
    public Optional<ToolFormat> toolFormat() {
        return Optional.ofNullable(toolFormat);
    }

    /**
     * Returns what is read from answers of the model: its thoughts, if the template has some, and text. Calls are added with
     * {@link AnswerForm#withCalls}.
     *
     * @return the form of an answer
     */
    public AnswerForm answerForm() {
        return answerForm;
    }

    /**
     * Writes a conversation. The arguments of calls are given to the template as maps, and if it refuses these, as JSON texts. The content
     * of a message that has only calls is given as it is; if the template refuses it or leaves out the calls, an empty content instead of
     * null, or null instead of an empty one.
     *
     * @param conversation the conversation
     * @param addGenerationPrompt whether the beginning of the assistant's next message follows, for the model to go on
     * @return the text, with the special tokens in it: encode it with {@link Tokenizer#encodeRendered}
     * @throws IllegalArgumentException if the template refuses the conversation, or does what is not allowed
     */
    public String render(Conversation conversation, boolean addGenerationPrompt) {
        return render(conversation, addGenerationPrompt, Map.of());
    }

    /**
     * Writes a conversation with values of the template's own.
     *
     * @param conversation the conversation
     * @param addGenerationPrompt as in {@link #render(Conversation, boolean)}
     * @param more other values that the template reads, such as {@code enable_thinking} or {@code date_string}
     * @return the text
     * @throws IllegalArgumentException as in {@link #render(Conversation, boolean)}
     */
    public String render(Conversation conversation, boolean addGenerationPrompt, Map<String, Object> more) {
        return written(conversation, addGenerationPrompt, more).text();
    }

    /**
     * A text, and what is missing in it.
     *
     * @param lost the functions that the template did not write, as tools or as calls
     */
    record Written(JinjaTemplate.Rendered rendered, List<String> lost) {
        /**
         * Checks that the template has written the tools and the calls: many templates leave them out.
         *
         * @throws IllegalArgumentException if one is missing
         */
        Written whole() {
            if (!lost.isEmpty()) {
                throw new IllegalArgumentException(
                        "the template must write the tools and their calls, found a text without the function "
                                + TextCheck.line(lost.get(0)) + "; use a model whose template knows tools");
            }
            return this;
        }

        String text() {
            return rendered.text();
        }
    }

    /** Writes a conversation in the form of which the template leaves out the fewest functions, and in the first of several. */
    Written written(Conversation conversation, boolean addGenerationPrompt, Map<String, Object> more) {
        Objects.requireNonNull(conversation, "conversation must not be null");
        Objects.requireNonNull(more, "more must not be null");
        FunctionProbe probe = FunctionProbe.of(conversation);
        Written best = null;
        JinjaException refused = null;
        for (CallForm form : CallForm.of(conversation)) {
            try {
                JinjaTemplate.Rendered rendered = rendered(conversation, form, addGenerationPrompt, more);
                List<String> lost = lost(probe, form, addGenerationPrompt, more, rendered.text());
                if (lost.isEmpty()) {
                    return new Written(rendered, lost);
                }
                if (best == null || lost.size() < best.lost().size()) {
                    best = new Written(rendered, lost);
                }
            } catch (JinjaException e) {
                if (refused == null) {
                    refused = e;
                } else {
                    refused.addSuppressed(e);
                }
            }
        }
        if (best == null) {
            throw Objects.requireNonNull(refused);
        }
        return best;
    }

    private List<String> lost(
            FunctionProbe probe, CallForm form, boolean addGenerationPrompt, Map<String, Object> more, String text) {
        if (probe.names().isEmpty()) {
            return List.of();
        }
        List<String> absent = probe.names().values().stream()
                .filter(name -> !text.contains(name))
                .toList();
        try {
            List<String> missing = probe.missing(rendered(probe.conversation(), form, addGenerationPrompt, more)
                    .text());
            return missing.size() > absent.size() ? missing : absent;
        } catch (JinjaException e) {
            // The template wants the names as they are.
            return absent;
        }
    }

    private JinjaTemplate.Rendered rendered(
            Conversation conversation, CallForm form, boolean addGenerationPrompt, Map<String, Object> more) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>(special);
        values.put("messages", form.in(conversation.messages()));
        values.put("tools", conversation.tools().isEmpty() ? null : conversation.tools());
        values.put("documents", null);
        values.put("add_generation_prompt", addGenerationPrompt);
        values.putAll(more);
        return templateOf(conversation).render(values);
    }

    private JinjaTemplate templateOf(Conversation conversation) {
        return forTools != null && !conversation.tools().isEmpty() ? forTools : template;
    }

    /**
     * Writes a conversation for training, and tells what of it the assistant wrote. Messages that are not
     * {@linkplain ChatMessage#isLearned learned} are no turns.
     *
     * <p>If the template marks them with {@code generation}, these are the turns. Else a turn is what follows on the beginning of
     * the assistant's message: what the template adds for the messages up to it, after what it writes for those before it and
     * the generation prompt.
     *
     * @param conversation the conversation
     * @return the text with the turns of the assistant
     * @throws IllegalArgumentException if the template refuses the conversation, leaves out its tools or their calls, or writes a
     *     message in another way when others follow, so that the turns cannot be told
     */
    public ChatText write(Conversation conversation) {
        JinjaTemplate.Rendered rendered = forTraining(conversation);
        List<ChatText.Turn> turns = new ArrayList<>();
        int changed = turns(conversation, rendered, turns);
        if (changed != NONE) {
            throw new IllegalArgumentException(
                    "the template must write messages in the same way when others follow, found another beginning for"
                            + " message " + changed + "; take each answer as an example of its own, or mark what the"
                            + " assistant writes with {% generation %}");
        }
        return new ChatText(rendered.text(), turns);
    }

    /**
     * Writes a conversation for training, as {@link #write} does. If the template writes answers in another way when others follow, as
     * that of Qwen3 leaves out what the model thought, each answer is an example of its own, with the messages before it: as the model
     * sees and writes it.
     *
     * @param conversation the conversation
     * @return one text with all turns of the assistant, or a text for each turn; may be empty if no message is learned
     * @throws IllegalArgumentException if the template refuses the conversation, leaves out its tools or their calls, or the turns
     *     cannot be told
     */
    public List<ChatText> examples(Conversation conversation) {
        JinjaTemplate.Rendered rendered = forTraining(conversation);
        List<ChatText.Turn> turns = new ArrayList<>();
        if (turns(conversation, rendered, turns) == NONE) {
            return List.of(new ChatText(rendered.text(), turns));
        }
        return Arrays.stream(answers(conversation))
                .mapToObj(i -> upTo(conversation, i))
                .toList();
    }

    private JinjaTemplate.Rendered forTraining(Conversation conversation) {
        JinjaTemplate.Rendered rendered =
                written(conversation, false, Map.of()).whole().rendered();
        if (rendered.lostMark()) {
            throw new IllegalArgumentException(
                    "a template must mark what the assistant writes where it is written, found"
                            + " {% generation %} in a macro, in a call, or between set and endset");
        }
        return rendered;
    }

    /**
     * Adds the turns of the assistant.
     *
     * @return the first message that is written in another way than without those behind it; or {@link #NONE}
     */
    private int turns(Conversation conversation, JinjaTemplate.Rendered rendered, List<ChatText.Turn> turns) {
        if (templateOf(conversation).marksGeneration()) {
            turns.addAll(marked(conversation, rendered));
            return NONE;
        }
        for (int i : answers(conversation)) {
            ChatText answer = upTo(conversation, i);
            if (!rendered.text().startsWith(answer.text())) {
                return i;
            }
            turns.addAll(answer.assistant());
        }
        return NONE;
    }

    /**
     * Returns the tokens of a conversation for training, and which of them the assistant wrote.
     *
     * @param tokenizer the tokenizer of the same folder
     * @param conversation the conversation
     * @return the tokens, as {@link #tokens(Tokenizer, ChatText)} returns them
     * @throws IllegalArgumentException as in {@link #write}
     */
    public ChatTokens tokens(Tokenizer tokenizer, Conversation conversation) {
        return tokens(tokenizer, write(conversation));
    }

    /**
     * Returns the tokens of a conversation that was written, and which of them the assistant wrote. A token counts if it begins
     * in a turn.
     *
     * @param tokenizer the tokenizer of the same folder
     * @param chat the conversation
     * @return the tokens, cut at {@link Tokenizer#maxTokens}
     */
    public static ChatTokens tokens(Tokenizer tokenizer, ChatText chat) {
        Objects.requireNonNull(tokenizer, "tokenizer must not be null");
        Objects.requireNonNull(chat, "chat must not be null");
        String text = chat.text();
        TokenizedText tokens = tokenizer.encodeRendered(text);
        int[] starts = tokenizer.starts(text);
        List<TokenRange> ranges = new ArrayList<>();
        for (ChatText.Turn turn : chat.assistant()) {
            // The tokenizer counts characters, not the halves of them that Java counts.
            int from = text.codePointCount(0, turn.from());
            int to = text.codePointCount(0, turn.to());
            int[] inside = IntStream.range(0, tokens.size())
                    .filter(i -> starts[i] >= from && starts[i] < to)
                    .toArray();
            if (inside.length > 0) {
                ranges.add(new TokenRange(inside[0], inside[inside.length - 1] + 1));
            }
        }
        return new ChatTokens(tokens.ids(), ranges, tokens.isCut());
    }

    /** The messages of the assistant that are learned. */
    private static int[] answers(Conversation conversation) {
        return IntStream.range(0, conversation.messages().size())
                .filter(i -> conversation.messages().get(i).isLearned())
                .toArray();
    }

    /** The turns that the template marks, without those that are not learned. */
    private static List<ChatText.Turn> marked(Conversation conversation, JinjaTemplate.Rendered rendered) {
        List<ChatText.Turn> turns = rendered.generated().stream()
                .map(turn -> new ChatText.Turn(turn[0], turn[1]))
                .toList();
        List<ChatMessage> answers = conversation.messages().stream()
                .filter(message -> message.role().equals(ChatMessage.ASSISTANT))
                .toList();
        if (answers.stream().allMatch(ChatMessage::isLearned)) {
            return turns;
        }
        if (turns.size() != answers.size()) {
            throw new IllegalArgumentException(
                    "the template must mark each message of the assistant once if one of them has"
                            + " the weight 0, found " + turns.size() + " marks with {% generation %} for "
                            + answers.size()
                            + " messages; leave out the weights, or the conversation");
        }
        return IntStream.range(0, turns.size())
                .filter(i -> answers.get(i).isLearned())
                .mapToObj(turns::get)
                .toList();
    }

    /**
     * An answer after a prompt with thoughts that the template does not write for the answer: the prompt is what the model sees, so the answer
     * follows on it, with thoughts that say nothing.
     */
    private @Nullable ChatText withoutThoughts(String before, String with) {
        ThoughtFormat thoughts = answerForm.thoughts();
        int common = Arrays.mismatch(before.toCharArray(), with.toCharArray());
        if (thoughts == null || common < 0) {
            return null;
        }
        // An answer can begin as the mark of thoughts does.
        for (int from = common; from >= 0 && from > common - MOST_COMMON; from--) {
            String end = before.substring(from);
            Optional<String> empty = thoughts.withoutWords(end);
            if (empty.isPresent()) {
                String text = before.substring(0, from) + empty.get();
                return new ChatText(
                        text + with.substring(from),
                        List.of(new ChatText.Turn(before.length(), text.length() + with.length() - from)));
            }
        }
        return null;
    }

    /** The conversation up to an answer, with this as its only turn. */
    private ChatText upTo(Conversation conversation, int answer) {
        if (answer == 0) {
            throw new IllegalArgumentException(
                    "a conversation must begin with another message than the assistant's, found "
                            + ChatMessage.ASSISTANT);
        }
        String before = render(conversation.first(answer), true);
        String with = render(conversation.first(answer + 1), false);
        if (!with.startsWith(before)) {
            ChatText quick = withoutThoughts(before, with);
            if (quick != null) {
                return quick;
            }
            throw new IllegalArgumentException(
                    "the template must write an answer behind the beginning of the assistant's message, found another"
                            + " beginning for message " + answer
                            + "; mark what the assistant writes with {% generation %}");
        }
        return new ChatText(with, List.of(new ChatText.Turn(before.length(), with.length())));
    }
}
