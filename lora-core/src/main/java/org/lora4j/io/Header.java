package org.lora4j.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file.
 *
 * @param metadata free texts by key
 * @param tensors the tensors in the order of their data
 */
record Header(Map<String, String> metadata, List<TensorInfo> tensors) {
    static final String METADATA = "__metadata__";

    /** The format's limit, in bytes. */
    static final int MAX_LENGTH = 100_000_000;

    /** The bytes before the header: its length as a little-endian u64. */
    static final int PREFIX = Long.BYTES;

    private static final JsonFactory JSON = new JsonFactory();

    /** The header as UTF-8, padded with spaces so that the data begins at a multiple of 8. */
    byte[] toBytes() {
        StringWriter text = new StringWriter();
        // The generator writes characters, not bytes: then it leaves everything beyond ASCII as it is.
        try (JsonGenerator json = JSON.createGenerator(text)) {
            writeTo(json);
        } catch (IOException e) {
            throw new AssertionError("a string writer does not fail", e);
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(bytes, (bytes.length + PREFIX - 1) / PREFIX * PREFIX);
        Arrays.fill(padded, bytes.length, padded.length, (byte) ' ');
        return padded;
    }

    private void writeTo(JsonGenerator json) throws IOException {
        json.writeStartObject();
        if (!metadata.isEmpty()) {
            json.writeObjectFieldStart(METADATA);
            for (Map.Entry<String, String> entry : metadata.entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            json.writeEndObject();
        }
        for (TensorInfo tensor : tensors) {
            json.writeObjectFieldStart(tensor.name());
            json.writeStringField("dtype", tensor.dtype().name());
            json.writeFieldName("shape");
            json.writeArray(tensor.shape(), 0, tensor.shape().length);
            json.writeFieldName("data_offsets");
            json.writeArray(new long[] {tensor.begin(), tensor.end()}, 0, 2);
            json.writeEndObject();
        }
        json.writeEndObject();
    }
}
