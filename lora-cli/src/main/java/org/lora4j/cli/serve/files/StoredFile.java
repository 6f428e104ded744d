package org.lora4j.cli.serve.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;

/**
 * What is known of a file of a client.
 *
 * @param id its name in the store. Later files have greater ones
 * @param owner whose it is
 * @param filename how the client calls it, which is no path of this machine
 * @param purpose what it is for
 * @param bytes its length
 * @param created when it was made, in seconds since 1970
 * @param expires when it is deleted, in seconds since 1970; null for never
 */
public record StoredFile(
        String id,
        String owner,
        String filename,
        String purpose,
        long bytes,
        long created,
        @Nullable Long expires) {
    String json() {
        ObjectNode node = StrictJson.MAPPER
                .createObjectNode()
                .put("owner", owner)
                .put("filename", filename)
                .put("purpose", purpose)
                .put("bytes", bytes)
                .put("created_at", created);
        if (expires != null) {
            node.put("expires_at", expires);
        }
        return node.toString();
    }

    /**
     * Reads what {@link #json} wrote.
     *
     * @throws IllegalArgumentException if it is something else
     */
    static StoredFile parse(String id, String text) {
        JsonNode node = StrictJson.parse(id, text);
        for (String field : new String[] {"owner", "filename", "purpose"}) {
            require(id, node.path(field).isTextual(), field + " with a text");
        }
        for (String field : new String[] {"bytes", "created_at"}) {
            require(id, node.path(field).isIntegralNumber(), field + " with a whole number");
        }
        return new StoredFile(
                id,
                node.path("owner").textValue(),
                node.path("filename").textValue(),
                node.path("purpose").textValue(),
                node.path("bytes").longValue(),
                node.path("created_at").longValue(),
                node.path("expires_at").isIntegralNumber()
                        ? Long.valueOf(node.path("expires_at").longValue())
                        : null);
    }

    private static void require(String id, boolean isMet, String rule) {
        if (!isMet) {
            throw new IllegalArgumentException(id + ": must have " + rule + ", found another value");
        }
    }
}
