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
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.Prediction;

/** Embeds texts. */
final class EmbeddingEndpoint implements Endpoint {
    /** That of OpenAI's API. */
    private static final int MOST_INPUTS = 2048;

    private static final FieldRules RULES = new FieldRules(Set.of("model", "input", "encoding_format", "dimensions"));
    private static final String RULE =
            "a text, the tokens of a text, or a list of 1 to " + MOST_INPUTS + " of either, none of them empty";

    private final ServedEncoder encoder;
    private final Semaphore writing = new Semaphore(Runtime.getRuntime().availableProcessors());

    EmbeddingEndpoint(ServedEncoder encoder) {
        this.encoder = encoder;
    }

    /** What a request asks for, and how it is answered. */
    private record Asked(Sequences input, boolean isBase64, int dimensions) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        String adapter = encoder.adapter(model);
        Asked asked = encoder.limited(adapter, body, deadline, () -> read(body.json(RULES)));
        body.free();
        Prediction prediction = encoder.embed(asked.input, adapter, deadline);
        answer.use().tokens(asked.input.tokens(), 0);
        byte[] embeddings = written(encoder.embeddings(prediction, asked.dimensions), asked, model);
        UsedAdapter used = prediction.adapter();
        if (used != null) {
            AdapterHeaders.set(answer, used);
        }
        answer.send(200, Answer.JSON, embeddings);
    }

    /** One after the other on each processor, because a large text takes much memory while it is written. */
    private byte[] written(float[][] embeddings, Asked asked, String model) throws IOException {
        writing.acquireUninterruptibly();
        try {
            return bytes(embeddings, asked, model);
        } finally {
            writing.release();
        }
    }

    /** The numbers are many, so each is written without a node of its own. */
    private static byte[] bytes(float[][] embeddings, Asked asked, String model) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonBody.MAPPER.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeStringField("object", "list");
            json.writeArrayFieldStart("data");
            for (int i = 0; i < embeddings.length; i++) {
                json.writeStartObject();
                json.writeStringField("object", "embedding");
                json.writeNumberField("index", i);
                json.writeFieldName("embedding");
                write(embeddings[i], asked.isBase64, json);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeStringField("model", model);
            int tokens = asked.input.tokens();
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

    private Asked read(JsonBody json) {
        boolean isBase64 = isBase64(json);
        int dimensions = (int) json.whole("dimensions", encoder.dimensions(), 1, encoder.dimensions());
        return new Asked(input(json.require("input", RULE)), isBase64, dimensions);
    }

    private static boolean isBase64(JsonBody body) {
        String format = body.textOrNull("encoding_format");
        if (format != null && !format.equals("float") && !format.equals("base64")) {
            throw ApiException.field("encoding_format", "float or base64", MessageText.quote(format));
        }
        return "base64".equals(format);
    }

    private Sequences input(JsonNode input) {
        boolean isOne = input.isTextual() || (input.isArray() && input.path(0).isNumber());
        List<JsonNode> all = new ArrayList<>();
        (isOne ? List.of(input) : input).forEach(all::add);
        if (all.isEmpty() || all.size() > MOST_INPUTS || !(isOne || input.isArray())) {
            throw ApiException.field(
                    "input", RULE, input.isArray() ? all.size() + " of them" : MessageText.quote(input.toString()));
        }
        if (all.stream().allMatch(JsonNode::isTextual)) {
            try {
                return encoder.tokens(all.stream().map(JsonNode::textValue).toList());
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
        return Sequences.of(ids);
    }

    /** Numbers of 4 bytes, the lowest byte first. */
    private static String base64(float[] numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
