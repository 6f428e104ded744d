package org.lora4j.example.mnist.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A report as JSON: fields in the order of the record, the same bytes on every platform. */
final class ReportJson {

    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final ObjectWriter WRITER =
            MAPPER.writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

    private ReportJson() {}

    static byte[] toBytes(Report report) throws JsonProcessingException {
        return (WRITER.writeValueAsString(report) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static Report fromBytes(byte[] json) throws IOException {
        return MAPPER.readValue(json, Report.class);
    }
}
