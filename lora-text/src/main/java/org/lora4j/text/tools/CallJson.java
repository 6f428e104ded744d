package org.lora4j.text.tools;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;

/**
 * A call in JSON: an object with the name of the function and the arguments, or the arguments alone. A brace before the first one is
 * left out, and arguments can be the text of their JSON.
 */
final class CallJson implements CallBody {
    private static final String NO_ARGUMENTS = "{}";

    private final JsonParser parser;
    private final ByteArrayFeeder feeder;

    /** How deep the arguments are: 1 if they stand alone, 2 in an object. */
    private final int depthOfArguments;

    /** Whether an object without arguments is a call. */
    private final boolean isLenient;

    private final StringBuilder whole = new StringBuilder();
    private final StringBuilder arguments = new StringBuilder();
    private @Nullable String id;
    private @Nullable String name;
    private String field = "";
    private int depth;
    private boolean isInArguments;
    private boolean isFirst = true;

    /** The first half of a character, which waits for the second. */
    private @Nullable Character half;

    private CallJson(
            JsonFactory factory, int depthOfArguments, boolean isLenient, @Nullable String id, @Nullable String name) {
        this.depthOfArguments = depthOfArguments;
        this.isLenient = isLenient;
        this.id = id;
        this.name = name;
        try {
            parser = factory.createNonBlockingByteArrayParser();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        feeder = (ByteArrayFeeder) parser.getNonBlockingInputFeeder();
    }

    /** Creates what the calls of one answer share. The names that a model writes do not fill the table that all other parsers share. */
    static JsonFactory newFactory() {
        return StrictJson.MAPPER.getFactory().copy();
    }

    /**
     * Reads an object with the fields name, arguments or parameters, and perhaps id and type.
     *
     * @param isLenient whether the arguments can be missing or null
     */
    static CallJson ofCall(JsonFactory factory, boolean isLenient) {
        return new CallJson(factory, 2, isLenient, null, null);
    }

    /** Reads the arguments of a function. */
    static CallJson ofArguments(JsonFactory factory, @Nullable String id, String name) {
        return new CallJson(factory, 1, false, id, name);
    }

    @Override
    public State add(char c) {
        if (isSecondBrace(c)) {
            return State.MORE;
        }
        whole.append(c);
        boolean wasInArguments = isInArguments;
        State state = parse(c);
        if (wasInArguments || isInArguments) {
            arguments.append(c);
        }
        // The parser that takes characters one by one lets some commas and missing values pass.
        return state == State.DONE && !ToolJson.isObject(whole.toString()) ? State.BROKEN : state;
    }

    /** Whether this is the second of two braces at the beginning, as some models write them. */
    private boolean isSecondBrace(char c) {
        boolean isSecond = isFirst && c == '{' && !whole.isEmpty();
        isFirst &= whole.isEmpty() || Character.isWhitespace(c);
        return isSecond;
    }

    private State parse(char c) {
        try {
            if (Character.isHighSurrogate(c) && half == null) {
                half = c;
                return State.MORE;
            }
            byte[] bytes = (half == null ? String.valueOf(c) : "" + half + c).getBytes(StandardCharsets.UTF_8);
            half = null;
            feeder.feedInput(bytes, 0, bytes.length);
            for (JsonToken token = parser.nextToken(); token != JsonToken.NOT_AVAILABLE; token = parser.nextToken()) {
                if (!accept(token)) {
                    return State.BROKEN;
                }
                if (depth == 0) {
                    return end();
                }
            }
            return State.MORE;
        } catch (IOException e) {
            return State.BROKEN;
        }
    }

    private State end() {
        if (arguments.isEmpty() && isLenient) {
            arguments.append(NO_ARGUMENTS);
        }
        return name == null || arguments.isEmpty() ? State.BROKEN : State.DONE;
    }

    private boolean accept(JsonToken token) throws IOException {
        if (token.isStructStart()) {
            depth++;
            return depth != depthOfArguments || begin(token);
        }
        if (token.isStructEnd()) {
            isInArguments &= depth != depthOfArguments;
            depth--;
            return true;
        }
        if (depth >= depthOfArguments) {
            return true;
        }
        if (token == JsonToken.FIELD_NAME) {
            field = parser.currentName();
            return true;
        }
        if (token == JsonToken.VALUE_NULL) {
            return isLenient && isArguments() && addWhole(NO_ARGUMENTS);
        }
        return token == JsonToken.VALUE_STRING && value(parser.getText());
    }

    private boolean isArguments() {
        return depthOfArguments == 1 || field.equals("arguments") || field.equals("parameters");
    }

    private boolean begin(JsonToken token) {
        isInArguments = token == JsonToken.START_OBJECT && isArguments() && arguments.isEmpty();
        return isInArguments;
    }

    private boolean addWhole(String json) {
        if (!arguments.isEmpty()) {
            return false;
        }
        arguments.append(json);
        return true;
    }

    private boolean value(String text) {
        if (isArguments()) {
            return text.isBlank() ? isLenient && addWhole(NO_ARGUMENTS) : ToolJson.isObject(text) && addWhole(text);
        }
        switch (field) {
            case "name" -> name = text;
            case "id" -> id = text;
            default -> {
                return field.equals("type") && text.equals("function");
            }
        }
        return !text.isEmpty();
    }

    @Override
    public @Nullable String id() {
        return id;
    }

    @Override
    public @Nullable String name() {
        return name;
    }

    @Override
    public StringBuilder arguments() {
        return arguments;
    }
}
