package org.lora4j.io.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes the JSON text of a header. */
final class HeaderWriter {
    private static final JsonFactory JSON = new JsonFactory();

    private HeaderWriter() {}

    /**
     * Writes a header.
     *
     * @param metadata texts by key
     * @param tensors the tensors in the order of their data
     * @return the JSON text as UTF-8, padded with spaces so that the data begin at a multiple of 8
     */
    static byte[] toBytes(Map<String, String> metadata, List<TensorInfo> tensors) {
        StringWriter text = new StringWriter();
        // To characters, not to bytes: then the generator escapes nothing beyond ASCII.
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                write(json, metadata);
            }
            for (TensorInfo tensor : tensors) {
                write(json, tensor);
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new AssertionError("a string writer does not fail", e);
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        int prefix = SafeTensorsHeader.PREFIX;
        byte[] padded = Arrays.copyOf(bytes, (bytes.length + prefix - 1) / prefix * prefix);
        Arrays.fill(padded, bytes.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void write(JsonGenerator json, Map<String, String> metadata) throws IOException {
        json.writeObjectFieldStart(SafeTensorsHeader.METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
            json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, TensorInfo tensor) throws IOException {
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", tensor.dtype().name());
        json.writeFieldName("shape");
        json.writeArray(tensor.shape(), 0, tensor.shape().length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {tensor.begin(), tensor.end()}, 0, 2);
        json.writeEndObject();
    }
}
