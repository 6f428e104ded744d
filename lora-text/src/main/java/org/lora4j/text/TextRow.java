package org.lora4j.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.lora4j.internal.StrictJson;

/**
 * A row of a file: the values of a line of CSV, TSV or JSONL by the name of their column. The methods check what they return,
 * and name the file and the line if it is not what it must be.
 */
public final class TextRow {
    private static final String MESSAGES = "messages";
    private static final String PROMPT = "prompt";
    private static final String COMPLETION = "completion";
    private static final String CHOSEN = "chosen";
    private static final String REJECTED = "rejected";
    private static final String TOOLS = "tools";

    private final Path file;
    private final long line;
    private final long offset;
    private final ObjectNode values;

    TextRow(Path file, long line, long offset, ObjectNode values) {
        this.file = file;
        this.line = line;
        this.offset = offset;
        this.values = values;
    }

    /**
     * Returns the line of the file.
     *
     * @return the number of the first line of this row, from 1
     */
    public long line() {
        return line;
    }

    /**
     * Returns where the row begins.
     *
     * @return the number of bytes before it in the file, unpacked if it is packed with gzip; for {@link IndexedFile#row}
     */
    public long offset() {
        return offset;
    }

    /**
     * Returns the columns.
     *
     * @return their names, in the order of the file
     */
    public List<String> columns() {
        List<String> names = new ArrayList<>();
        values.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /**
     * Returns the whole row.
     *
     * @return a JSON object with all values by the names of their columns, in the order of the file
     */
    public String json() {
        return values.toString();
    }

    /**
     * Returns a text.
     *
     * @param column its column
     * @return the text as it stands in the file, with white space and control characters
     * @throws TextFormatException if there is no such column, the value is not a text, it has nothing but white space,
     *     control characters and other characters that are not seen, such as U+200B, or it has half a character (a surrogate that stands alone)
     */
    public String text(String column) {
        JsonNode value = value(column);
        if (!value.isTextual()) {
            throw refuse(column + " must be a text, found " + Json.describe(value));
        }
        return checked(column, value.textValue());
    }

    private String checked(String what, String text) {
        if (text.codePoints().noneMatch(TextCheck::isVisible)) {
            throw refuse(what + " must have a character that is neither white space nor a control character, found none"
                    + " among " + text.length());
        }
        int lone = TextCheck.loneSurrogate(text, 0);
        if (lone >= 0) {
            throw refuse(what + " must be whole characters, found half a character, U+"
                    + Integer.toHexString(text.charAt(lone)).toUpperCase(Locale.ROOT) + ", at " + lone);
        }
        return text;
    }

    /**
     * Returns the name of a class.
     *
     * @param column its column
     * @return the text, or a whole number or true or false as text
     * @throws TextFormatException if there is no such column, or the value is another one
     */
    public String label(String column) {
        JsonNode value = value(column);
        return value.isIntegralNumber() || value.isBoolean() ? value.asText() : text(column);
    }

    private JsonNode value(String column) {
        Objects.requireNonNull(column, "column must not be null");
        JsonNode value = values.get(column);
        if (value == null) {
            throw refuse("must have a value " + column + ", found " + columns());
        }
        return value;
    }

    /**
     * Returns a text with its class.
     *
     * @param text the column of the text
     * @param label the column of the class
     * @return both
     * @throws TextFormatException as {@link #text} and {@link #label}
     */
    public LabelledText labelled(String text, String label) {
        return new LabelledText(text(text), label(label));
    }

    /**
     * Returns two texts that belong together.
     *
     * @param first the column of the first, such as {@code prompt}
     * @param second the column of the second, such as {@code completion}
     * @return both
     * @throws TextFormatException as {@link #text}
     */
    public TextPair pair(String first, String second) {
        return new TextPair(text(first), text(second));
    }

    /**
     * Returns a query, a text that belongs to it, and one that does not.
     *
     * @param query the column of the query
     * @param positive the column of the text that belongs to it
     * @param negative the column of the one that does not
     * @return all three
     * @throws TextFormatException as {@link #text}
     */
    public TextTriple triple(String query, String positive, String negative) {
        return new TextTriple(text(query), text(positive), text(negative));
    }

    /**
     * Returns a conversation, in the forms that mlx-lm and TRL read: {@code messages} with {@code role} and {@code content}; or
     * {@code prompt} and {@code completion}, each a text, for a message of the user and one of the assistant, or a list of
     * messages. {@code tools} are the tools: a list of objects, or its JSON text; an empty text counts as none. A message of the assistant can have
     * {@code tool_calls} as {@link ChatMessage#toolCalls} reads them. A value of a message that is null counts as none.
     *
     * @return the conversation
     * @throws TextFormatException if the row has another form; the message says what was expected
     */
    public Conversation conversation() {
        List<ChatMessage> messages = new ArrayList<>();
        if (values.has(MESSAGES)) {
            messages.addAll(messages(MESSAGES));
        } else if (values.has(PROMPT) && values.has(COMPLETION)) {
            messages.addAll(messages(PROMPT, "user"));
            messages.addAll(messages(COMPLETION, ChatMessage.ASSISTANT));
        } else {
            throw refuse("must have messages, or prompt and completion, found " + columns());
        }
        return new Conversation(messages, tools());
    }

    private List<Map<String, Object>> tools() {
        List<Map<String, Object>> tools = new ArrayList<>();
        if (values.hasNonNull(TOOLS) && !isEmptyCell(TOOLS)) {
            elements(TOOLS, parsed(TOOLS)).forEach(tool -> tools.add(Json.map(tool)));
        }
        return tools;
    }

    /**
     * Returns a prompt with two answers, in the forms that TRL reads: {@code prompt}, {@code chosen} and {@code rejected}, each a
     * text, for a message of the user and two of the assistant, or a list of messages; or {@code chosen} and {@code rejected}
     * alone, two lists of messages that begin with the same messages, the prompt. {@code tools} are the tools.
     *
     * @return the preference
     * @throws TextFormatException if the row has another form, or both answers are the same; the message says what was expected
     */
    public Preference preference() {
        if (!values.has(CHOSEN) || !values.has(REJECTED)) {
            throw refuse("must have chosen and rejected, and mostly prompt, found " + columns());
        }
        try {
            if (values.has(PROMPT)) {
                return new Preference(
                        new Conversation(messages(PROMPT, "user"), tools()),
                        messages(CHOSEN, ChatMessage.ASSISTANT),
                        messages(REJECTED, ChatMessage.ASSISTANT));
            }
            if (value(CHOSEN).isTextual() || value(REJECTED).isTextual()) {
                throw refuse("must have a prompt beside the texts chosen and rejected, found " + columns());
            }
            return Preference.between(messages(CHOSEN), messages(REJECTED), tools());
        } catch (TextFormatException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw refuse(String.valueOf(e.getMessage()));
        }
    }

    private boolean isEmptyCell(String column) {
        JsonNode value = value(column);
        return value.isTextual() && value.textValue().isBlank();
    }

    private List<ChatMessage> messages(String column, String role) {
        return value(column).isTextual() ? List.of(ChatMessage.of(role, text(column))) : messages(column);
    }

    private List<ChatMessage> messages(String column) {
        List<ChatMessage> messages = new ArrayList<>();
        for (ObjectNode element : elements(column, value(column))) {
            messages.add(message(column + "[" + messages.size() + "]", element));
        }
        if (messages.isEmpty()) {
            throw refuse(column + " must have at least one message, found none");
        }
        return messages;
    }

    /** A value that can stand in the row as JSON, or as its text. */
    private JsonNode parsed(String column) {
        JsonNode value = value(column);
        if (!value.isTextual()) {
            return value;
        }
        try {
            return StrictJson.MAPPER.readTree(value.textValue());
        } catch (JsonProcessingException e) {
            throw refuse(column + " must be JSON, or its text, found " + e.getOriginalMessage());
        }
    }

    private List<ObjectNode> elements(String column, JsonNode list) {
        List<ObjectNode> elements = new ArrayList<>();
        for (JsonNode element : list) {
            if (element instanceof ObjectNode object) {
                elements.add(object);
            }
        }
        if (!list.isArray() || elements.size() != list.size()) {
            throw refuse(column + " must be a list of objects, found " + Json.describe(list));
        }
        return elements;
    }

    private ChatMessage message(String where, ObjectNode element) {
        JsonNode role = element.path("role");
        JsonNode content = element.path("content");
        if (!role.isTextual()) {
            throw refuse(where + " must have a text role, found " + Json.describe(role));
        }
        Map<String, Object> more = Json.map(element);
        more.remove("role");
        more.remove("content");
        // The files of many data sets have all fields in all messages.
        more.values().removeIf(Objects::isNull);
        String text = content.isTextual() ? content.textValue() : null;
        ChatMessage message = new ChatMessage(role.textValue(), text, more);
        boolean hasCalls = hasCalls(where, message);
        boolean isAbsent = content.isNull() || content.isMissingNode();
        if (text == null && !(isAbsent && hasCalls)) {
            throw refuse(where + " must have a text content, or calls of tools, found " + Json.describe(content));
        }
        if (text != null && !(text.isBlank() && (hasCalls || role.textValue().equals(ChatMessage.TOOL)))) {
            checked(where + ".content", text);
        }
        return message;
    }

    private boolean hasCalls(String where, ChatMessage message) {
        try {
            return !message.toolCalls().isEmpty();
        } catch (IllegalArgumentException e) {
            throw refuse(where + "." + e.getMessage());
        }
    }

    /**
     * Refuses this row, for a rule of the caller's own. {@link Dataset#skipping} leaves out such rows too.
     *
     * @param message what was expected, and what was found
     * @return an exception to throw, whose message names the file and the line
     */
    public TextFormatException refuse(String message) {
        Objects.requireNonNull(message, "message must not be null");
        return TextFormatException.ofLine(file, line, message);
    }

    @Override
    public String toString() {
        return file + ":" + line + " " + columns();
    }
}
