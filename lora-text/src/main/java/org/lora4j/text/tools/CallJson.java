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
 * Reads the JSON of one call, character by character. It is an object with the name of the function and the arguments, or the
 * arguments alone.
 */
final class CallJson {
    enum State {
        MORE,
        DONE,
        BROKEN
    }

    private static final int NONE = -1;

    private final JsonParser parser;
    private final ByteArrayFeeder feeder;

    /** How deep the arguments are: 1 if they stand alone, 2 in an object. */
    private final int depthOfArguments;

    private @Nullable String id;
    private @Nullable String name;
    private String field = "";
    private int depth;
    private int at;
    private int from = NONE;
    private int to = NONE;

    /** The first half of a character, which waits for the second. */
    private @Nullable Character half;

    private CallJson(JsonFactory factory, int depthOfArguments, @Nullable String id, @Nullable String name) {
        this.depthOfArguments = depthOfArguments;
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

    /** Reads an object with the fields name, arguments or parameters, and perhaps id and type. */
    static CallJson ofCall(JsonFactory factory) {
        return new CallJson(factory, 2, null, null);
    }

    /** Reads the arguments of a function. */
    static CallJson ofArguments(JsonFactory factory, @Nullable String id, String name) {
        return new CallJson(factory, 1, id, name);
    }

    /** Adds a character. Nothing may be added after the end. */
    State add(char c) {
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
                    return from == NONE || name == null ? State.BROKEN : State.DONE;
                }
            }
            return State.MORE;
        } catch (IOException e) {
            return State.BROKEN;
        } finally {
            at++;
        }
    }

    private boolean accept(JsonToken token) throws IOException {
        if (token.isStructStart()) {
            depth++;
            return depth != depthOfArguments || begin(token);
        }
        if (token.isStructEnd()) {
            if (depth == depthOfArguments) {
                to = at + 1;
            }
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
        return token == JsonToken.VALUE_STRING && value(parser.getText());
    }

    private boolean begin(JsonToken token) {
        boolean isField = depthOfArguments == 1 || field.equals("arguments") || field.equals("parameters");
        if (token != JsonToken.START_OBJECT || !isField || from != NONE) {
            return false;
        }
        from = at;
        return true;
    }

    private boolean value(String text) {
        switch (field) {
            case "name" -> name = text;
            case "id" -> id = text;
            default -> {
                return field.equals("type") && text.equals("function");
            }
        }
        return !text.isEmpty();
    }

    @Nullable
    String id() {
        return id;
    }

    /** The function; null as long as it has not come. */
    @Nullable
    String name() {
        return name;
    }

    /** Whether the arguments have begun. */
    boolean hasArguments() {
        return from != NONE;
    }

    /** The first character of the arguments. */
    int from() {
        return from;
    }

    /** The character after the arguments, or after those that have come. */
    int to() {
        return to == NONE ? at : to;
    }
}
