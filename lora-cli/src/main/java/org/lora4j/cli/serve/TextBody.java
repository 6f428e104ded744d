package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/**
 * The body of a request before it is understood. Which model it names is found without reading the rest, so that the rest waits in the
 * fair order of the adapters.
 */
final class TextBody {
    private byte @Nullable [] bytes;
    private final Runnable atEnd;

    /**
     * Creates a body.
     *
     * @param atEnd called once when the bytes are not needed any more
     */
    TextBody(byte[] bytes, Runnable atEnd) {
        this.bytes = bytes;
        this.atEnd = atEnd;
    }

    /** The number of its bytes. */
    int length() {
        return bytes().length;
    }

    private byte[] bytes() {
        byte[] now = bytes;
        if (now == null) {
            throw new IllegalStateException("a body must be read before it is given up");
        }
        return now;
    }

    /**
     * Returns the field {@code model}.
     *
     * @throws ApiException if the body is no JSON object, or has no such text
     */
    String model() {
        try (JsonParser json = JsonBody.MAPPER.createParser(text())) {
            if (json.nextToken() == JsonToken.START_OBJECT) {
                String field = json.nextFieldName();
                while (field != null) {
                    JsonToken value = json.nextToken();
                    if (field.equals("model")) {
                        return text(json, value);
                    }
                    json.skipChildren();
                    field = json.nextFieldName();
                }
                throw ApiException.field("model", "a text", "nothing");
            }
            throw JsonBody.noObject("another value");
        } catch (JsonProcessingException e) {
            throw JsonBody.noObject(MessageText.quote(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException("a text in memory must be readable", e);
        }
    }

    private static String text(JsonParser json, JsonToken value) throws IOException {
        if (value == JsonToken.VALUE_STRING) {
            return json.getText();
        }
        String found = value.isScalarValue() ? MessageText.quote(json.getText()) : "a list or an object";
        throw ApiException.field("model", "a text", value == JsonToken.VALUE_NULL ? "nothing" : found);
    }

    /** Reads all of it. */
    JsonBody json(FieldRules rules) {
        return JsonBody.parse(text(), rules);
    }

    private String text() {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw ApiException.of(400, "invalid_encoding", "the body must be UTF-8, found other bytes");
        }
    }

    /** Gives the memory back. A second call has no effect. */
    void free() {
        if (bytes != null) {
            bytes = null;
            atEnd.run();
        }
    }
}
