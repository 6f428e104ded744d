package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.generate.LogProbabilities.OfToken.Token;

/** Writes log probabilities in the forms of OpenAI's API. */
final class LogProbabilityJson {
    private final ServedDecoder decoder;

    LogProbabilityJson(ServedDecoder decoder) {
        this.decoder = decoder;
    }

    /** Writes a list with an object for each token, as chats have it. */
    void list(List<AnswerToken> tokens, JsonGenerator json) throws IOException {
        json.writeStartArray();
        for (AnswerToken token : tokens) {
            LogProbabilities.OfToken ofToken = Objects.requireNonNull(token.logProbabilities());
            json.writeStartObject();
            fields(ofToken.chosen(), json);
            json.writeArrayFieldStart("top_logprobs");
            for (Token one : ofToken.top()) {
                json.writeStartObject();
                fields(one, json);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void fields(Token token, JsonGenerator json) throws IOException {
        byte[] bytes = decoder.bytes(token.id());
        json.writeStringField("token", name(bytes, ""));
        json.writeNumberField("logprob", token.logProbability());
        json.writeArrayFieldStart("bytes");
        for (byte one : bytes) {
            json.writeNumber(Byte.toUnsignedInt(one));
        }
        json.writeEndArray();
    }

    /**
     * Writes an object of lists, as completions have it. The most probable tokens include the chosen one. A token without log
     * probabilities has null in their place.
     */
    void columns(List<AnswerToken> tokens, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("tokens");
        for (AnswerToken token : tokens) {
            json.writeString(name(token.id()));
        }
        json.writeEndArray();
        json.writeArrayFieldStart("token_logprobs");
        for (AnswerToken token : tokens) {
            LogProbabilities.OfToken ofToken = token.logProbabilities();
            if (ofToken == null) {
                json.writeNull();
            } else {
                json.writeNumber(ofToken.chosen().logProbability());
            }
        }
        json.writeEndArray();
        json.writeArrayFieldStart("top_logprobs");
        for (AnswerToken token : tokens) {
            LogProbabilities.OfToken ofToken = token.logProbabilities();
            if (ofToken == null) {
                json.writeNull();
            } else {
                most(ofToken, json);
            }
        }
        json.writeEndArray();
        json.writeArrayFieldStart("text_offset");
        for (AnswerToken token : tokens) {
            json.writeNumber(token.offset());
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void most(LogProbabilities.OfToken ofToken, JsonGenerator json) throws IOException {
        json.writeStartObject();
        Set<String> names = new HashSet<>();
        for (Token one : ofToken.top()) {
            named(one, names, json);
        }
        named(ofToken.chosen(), names, json);
        json.writeEndObject();
    }

    /**
     * Writes the log probabilities of the tokens of a prompt as vLLM does: null for the first one, and an object for each other one, with
     * the token and then the most probable ones by their ids.
     *
     * @param tokens those of all tokens but the first
     */
    void ofPrompt(List<LogProbabilities.OfToken> tokens, JsonGenerator json) throws IOException {
        json.writeStartArray();
        json.writeNull();
        for (LogProbabilities.OfToken token : tokens) {
            json.writeStartObject();
            ranked(token.chosen(), token.rank(), json);
            for (int i = 0; i < token.top().size(); i++) {
                // It was the first one.
                if (i + 1 != token.rank()) {
                    ranked(token.top().get(i), i + 1, json);
                }
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void ranked(Token token, int rank, JsonGenerator json) throws IOException {
        json.writeObjectFieldStart(String.valueOf(token.id()));
        json.writeNumberField("logprob", token.logProbability());
        json.writeNumberField("rank", rank);
        json.writeStringField("decoded_token", name(token.id()));
        json.writeEndObject();
    }

    /** Of two tokens with the same bytes, the more probable one is written. */
    private void named(Token token, Set<String> names, JsonGenerator json) throws IOException {
        String name = name(token.id());
        if (names.add(name)) {
            json.writeNumberField(name, token.logProbability());
        }
    }

    private String name(int id) {
        return name(decoder.bytes(id), "bytes:");
    }

    /** The text of a token; for one that is no text, its bytes behind a prefix. */
    static String name(byte[] bytes, String prefix) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            StringBuilder name = new StringBuilder(prefix);
            for (byte one : bytes) {
                name.append(String.format(Locale.ROOT, "\\x%02x", Byte.toUnsignedInt(one)));
            }
            return name.toString();
        }
    }
}
