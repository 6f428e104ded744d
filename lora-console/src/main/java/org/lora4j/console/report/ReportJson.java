package org.lora4j.console.report;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.ParameterReport;

/** A report, a record, as JSON: the fields in the order of the record, the same bytes on every platform. */
public final class ReportJson {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .addMixIn(ParameterReport.class, ParametersAsJson.class)
            .addMixIn(ParameterReport.Layer.class, LayerAsJson.class)
            .build();
    private static final ObjectWriter WRITER =
            MAPPER.writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

    private ReportJson() {}

    /** Writes the sums beside the layers, no targets and no bytes. */
    @JsonPropertyOrder({"original", "lora", "total", "incrementPercent", "layers"})
    @JsonIgnoreProperties(
            value = {"original", "lora", "total", "incrementPercent"},
            allowGetters = true)
    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // Jackson reads the annotations.
    private abstract static class ParametersAsJson {
        @JsonCreator
        ParametersAsJson(@JsonProperty("layers") List<ParameterReport.Layer> layers) {}

        @JsonProperty
        abstract long original();

        @JsonProperty
        abstract long lora();

        @JsonProperty
        abstract long total();

        @JsonProperty
        abstract double incrementPercent();

        @JsonIgnore
        abstract Map<String, Integer> targets();

        @JsonIgnore
        abstract long bytes();
    }

    /** Writes the path of a layer as its name. */
    private interface LayerAsJson {
        @JsonProperty("name")
        String path();
    }

    /**
     * Writes a report.
     *
     * @throws JsonProcessingException if a component has a type without a form in JSON
     */
    public static byte[] toBytes(Record report) throws JsonProcessingException {
        return bytes(report);
    }

    /**
     * Writes JSON in the same form.
     *
     * @throws JsonProcessingException if it cannot be written
     */
    public static byte[] toBytes(JsonNode json) throws JsonProcessingException {
        return bytes(json);
    }

    private static byte[] bytes(Object json) throws JsonProcessingException {
        return (WRITER.writeValueAsString(json) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads a report.
     *
     * @param json what {@link #toBytes} wrote
     * @param type the type of the report
     * @param <T> the type of the report
     * @throws IOException if the JSON is not one of such a report
     */
    public static <T extends Record> T fromBytes(byte[] json, Class<T> type) throws IOException {
        return MAPPER.readValue(json, type);
    }
}
