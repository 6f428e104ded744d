package org.lora4j.cli;

import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Requests that cost a server much more than their sender, and others to compare them with. */
enum HostileRequests {
    /** A short schema of strings that are hard to find. */
    PATTERN,
    /** Enums that are joined with enums. */
    ENUMS,
    /** A join of objects that have many properties together. */
    PROPERTIES,
    /** A choice of objects, each of which must have other properties. */
    REQUIRED,
    /** One long text. */
    CONST,
    /** No attack: as many ordinary requests of another adapter. */
    TEXT,
    /** Many texts for an encoder. */
    TEXTS;

    /** The adapter that they are for. */
    static final String ADAPTER = "hostile";

    /** The body of a request; each number gives another one, of which nothing is known from the others. */
    String body(int number) {
        return switch (this) {
            case PATTERN ->
                schema("{\"type\":\"string\",\"pattern\":\"^(?:(?:aaaaaaa)*|(?:bbbbbbbbbbb)+)$\",\"minLength\":"
                        + (100_000 + number) + "}");
            case ENUMS -> {
                String values = list(2000, value -> "\"v" + value + "\"");
                yield schema(joined(20, part -> "{\"enum\":[" + values + ",\"w" + number + "\",\"x" + part + "\"]}"));
            }
            case PROPERTIES ->
                schema(joined(
                        400,
                        part -> "{\"type\":\"object\",\"properties\":{\"p" + part + "\":{\"type\":\"integer\"},\"q"
                                + part + "_" + number + "\":{\"const\":1}}}"));
            case REQUIRED ->
                schema("{\"type\":\"object\",\"anyOf\":["
                        + list(
                                200,
                                part -> "{\"required\":["
                                        + list(
                                                30,
                                                name -> "\"p" + number + "_" + (part * name) % 997 + "_" + name + "\"")
                                        + "]}")
                        + "]}");
            case CONST -> schema("{\"const\":\"" + number + "x".repeat(360_000) + "\"}");
            case TEXT -> "{" + completion("the dog " + number) + "}";
            case TEXTS -> {
                String text = "cat " + "the ship sails on the sea a ".repeat(4);
                yield "{\"model\":\"" + ADAPTER + "\",\"input\":[" + list(256, i -> "\"" + text + "\"") + "]}";
            }
        };
    }

    private static String completion(String prompt) {
        return "\"model\":\"" + ADAPTER + "\",\"prompt\":\"" + prompt + "\",\"max_tokens\":24,\"temperature\":0";
    }

    private static String schema(String schema) {
        return "{" + completion("the cat")
                + ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"schema\":"
                + schema + "}}}";
    }

    private static String joined(int parts, IntFunction<String> part) {
        return "{\"allOf\":[" + list(parts, part) + "]}";
    }

    private static String list(int count, IntFunction<String> element) {
        return IntStream.range(0, count).mapToObj(element).collect(Collectors.joining(","));
    }

    /** Whether it is one for a model that embeds. */
    boolean isEmbedding() {
        return this == TEXTS;
    }

    String path() {
        return isEmbedding() ? "/v1/embeddings" : "/v1/completions";
    }
}
