package org.lora4j.text.tokens.internal;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/**
 * Steps through the members of an object, or the elements of an array, and says where their values lie. A value is skipped, not
 * parsed: a parser takes longer for a vocabulary than the native tokenizer that reads it. So a value may be no JSON, but where it
 * ends is right for all that is.
 */
final class JsonValues {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final byte[] content;
    private final int end;
    private final boolean isObject;
    private int at;
    private boolean isOpen;
    private boolean hasBegun;
    private String name = "";
    private int valueBegin;
    private int valueEnd;

    /**
     * Starts before the first value. A text, a number or a literal has no values.
     *
     * @param content JSON in UTF-8
     * @param begin where the object or array begins; space may come first
     * @param end the end of the content that is looked at
     */
    JsonValues(byte[] content, int begin, int end) {
        this.content = content;
        this.end = end;
        at = begin;
        skipSpace();
        isObject = is('{');
        isOpen = isObject || is('[');
        at++;
    }

    /**
     * Moves to the next value.
     *
     * @return false after the last one
     * @throws JsonProcessingException if there is something else than a value
     */
    boolean next() throws IOException {
        if (!isOpen) {
            return false;
        }
        skipSpace();
        if (is(isObject ? '}' : ']')) {
            isOpen = false;
            return false;
        }
        if (hasBegun) {
            skip(',');
            skipSpace();
        }
        hasBegun = true;
        if (isObject) {
            int begin = at;
            skipText();
            name = MAPPER.readTree(content, begin, at - begin).asText();
            skipSpace();
            skip(':');
            skipSpace();
        }
        valueBegin = at;
        skipValue();
        valueEnd = at;
        return true;
    }

    /** The name of the member, without escapes. */
    String name() {
        return name;
    }

    /** Where the value begins. */
    int begin() {
        return valueBegin;
    }

    /** The place after the value. */
    int end() {
        return valueEnd;
    }

    private boolean is(char wanted) {
        return at < end && content[at] == wanted;
    }

    private void skip(char wanted) throws JsonProcessingException {
        if (!is(wanted)) {
            throw problem("'" + wanted + "'");
        }
        at++;
    }

    private void skipSpace() {
        while (at < end && isSpace(content[at])) {
            at++;
        }
    }

    private static boolean isSpace(byte one) {
        return one == ' ' || one == '\n' || one == '\r' || one == '\t';
    }

    private void skipText() throws JsonProcessingException {
        skip('"');
        int place = at;
        while (place < end && content[place] != '"') {
            place += content[place] == '\\' ? 2 : 1;
        }
        at = place;
        skip('"');
    }

    private void skipValue() throws JsonProcessingException {
        int begin = at;
        int depth = 0;
        do {
            skipSpace();
            if (at >= end) {
                throw problem("a value");
            }
            switch (content[at]) {
                case '"' -> skipText();
                case '{', '[' -> {
                    depth++;
                    at++;
                }
                case '}', ']' -> {
                    depth--;
                    at++;
                }
                default -> at++;
            }
        } while (depth > 0 || (depth == 0 && !isAfterValue()));
        if (depth < 0) {
            at = begin;
            throw problem("a value");
        }
    }

    /** Whether a value outside all objects and arrays of this one ends here. */
    private boolean isAfterValue() {
        return at >= end || content[at] == ',' || content[at] == '}' || content[at] == ']' || isSpace(content[at]);
    }

    private JsonProcessingException problem(String expected) {
        return new JsonParseException(
                null,
                expected + " must be at byte " + at + ", found "
                        + (at < end ? "'" + (char) (content[at] & 0xff) + "'" : "the end"));
    }
}
