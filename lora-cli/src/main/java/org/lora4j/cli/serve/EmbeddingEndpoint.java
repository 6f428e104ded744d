package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextCall;
import org.lora4j.text.task.Embed;

/** Embeds texts. */
final class EmbeddingEndpoint implements Endpoint {
    /** That of OpenAI's API. */
    private static final int MOST_INPUTS = 2048;

    private static final FieldRules RULES =
            new FieldRules(Set.of("model", "input", "encoding_format", "dimensions", "prompt_name", "input_type"));
    private static final String RULE =
            "a text, the tokens of a text, or a list of 1 to " + MOST_INPUTS + " of either, none of them empty";

    private final ServedModel served;
    private final Semaphore writing = new Semaphore(Runtime.getRuntime().availableProcessors());

    EmbeddingEndpoint(ServedModel served) {
        this.served = served;
    }

    /** What a request asks for, and how it is answered. */
    private record Asked(Embed.Texts texts, Sequences input, boolean isBase64) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        TextCall<Embed.Texts, float[]> call = served.call(Embed.class, model);
        Asked asked = served.limited(served.adapter(model), body, deadline, () -> read(body.json(RULES), call));
        body.free();
        var found = call.answer(asked.texts, asked.input, deadline.options());
        answer.use().tokens(found.tokens(), 0);
        AdapterHeaders.set(answer, found.adapter());
        answer.send(200, Answer.JSON, written(found, asked, model));
    }

    /** One after the other on each processor, because a large text takes much memory while it is written. */
    private byte[] written(org.lora4j.text.Answer<float[]> found, Asked asked, String model) throws IOException {
        writing.acquireUninterruptibly();
        try {
            return bytes(found, asked, model);
        } finally {
            writing.release();
        }
    }

    /** The numbers are many, so each is written without a node of its own. */
    private static byte[] bytes(org.lora4j.text.Answer<float[]> found, Asked asked, String model) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonBody.MAPPER.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeStringField("object", "list");
            json.writeArrayFieldStart("data");
            List<float[]> embeddings = found.values();
            for (int i = 0; i < embeddings.size(); i++) {
                json.writeStartObject();
                json.writeStringField("object", "embedding");
                json.writeNumberField("index", i);
                json.writeFieldName("embedding");
                write(embeddings.get(i), asked.isBase64, json);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeStringField("model", model);
            int tokens = found.tokens();
            json.writeObjectFieldStart("usage");
            json.writeNumberField("prompt_tokens", tokens);
            json.writeNumberField("total_tokens", tokens);
            json.writeEndObject();
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void write(float[] numbers, boolean isBase64, JsonGenerator json) throws IOException {
        if (isBase64) {
            json.writeString(base64(numbers));
            return;
        }
        json.writeStartArray();
        for (float number : numbers) {
            json.writeNumber(number);
        }
        json.writeEndArray();
    }

    private Asked read(JsonBody json, TextCall<Embed.Texts, float[]> call) {
        boolean isBase64 = isBase64(json);
        int whole = served.embeddingSize();
        int dimensions = (int) json.whole("dimensions", 0, 1, whole);
        OptionalInt length = dimensions == 0 ? OptionalInt.empty() : OptionalInt.of(dimensions);
        return input(json.require("input", RULE), call, text -> texts(json, text, length), isBase64);
    }

    private static Embed.Texts texts(JsonBody json, List<String> texts, OptionalInt length) {
        return new Embed.Texts(texts, kind(json), json.textOrNull("prompt_name"), length);
    }

    /** What the texts are, as Cohere's and vLLM's requests say it. */
    private static Embed.Kind kind(JsonBody json) {
        String type = json.textOrNull("input_type");
        if (type == null) {
            return Embed.Kind.TEXT;
        }
        return switch (type) {
            case "query", "search_query" -> Embed.Kind.QUERY;
            case "document", "passage", "search_document" -> Embed.Kind.DOCUMENT;
            default ->
                throw ApiException.field(
                        "input_type",
                        "query, search_query, document, passage or search_document",
                        MessageText.quote(type));
        };
    }

    private static boolean isBase64(JsonBody body) {
        String format = body.textOrNull("encoding_format");
        if (format != null && !format.equals("float") && !format.equals("base64")) {
            throw ApiException.field("encoding_format", "float or base64", MessageText.quote(format));
        }
        return "base64".equals(format);
    }

    private static Asked input(
            JsonNode input,
            TextCall<Embed.Texts, float[]> call,
            Function<List<String>, Embed.Texts> of,
            boolean isBase64) {
        boolean isOne = input.isTextual() || (input.isArray() && input.path(0).isNumber());
        List<JsonNode> all = new ArrayList<>();
        (isOne ? List.of(input) : input).forEach(all::add);
        if (all.isEmpty() || all.size() > MOST_INPUTS || !(isOne || input.isArray())) {
            throw ApiException.field(
                    "input", RULE, input.isArray() ? all.size() + " of them" : MessageText.quote(input.toString()));
        }
        if (all.stream().allMatch(JsonNode::isTextual)) {
            try {
                Embed.Texts texts =
                        of.apply(all.stream().map(JsonNode::textValue).toList());
                return new Asked(texts, call.tokens(texts), isBase64);
            } catch (IllegalArgumentException e) {
                throw ApiException.field("input", String.valueOf(e.getMessage()));
            }
        }
        int[][] ids = new int[all.size()][];
        for (int i = 0; i < ids.length; i++) {
            int[] tokens = JsonBody.tokens(all.get(i));
            if (tokens == null) {
                throw JsonBody.wrong("input", RULE, all.get(i));
            }
            ids[i] = tokens;
        }
        return new Asked(of.apply(List.of()), Sequences.of(ids), isBase64);
    }

    /** Numbers of 4 bytes, the lowest byte first. */
    private static String base64(float[] numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
