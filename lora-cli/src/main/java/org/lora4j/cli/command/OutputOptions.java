package org.lora4j.cli.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.lora4j.console.report.ReportJson;
import org.lora4j.console.report.TextOutput;
import picocli.CommandLine.Option;

/** How results are shown. */
final class OutputOptions {
    @Option(names = "--json", description = "Print the result as JSON, and nothing else.")
    private boolean json;

    /** Returns where text for people goes; nowhere if the result is JSON. */
    TextOutput text(PrintWriter out) {
        return new TextOutput(json ? new PrintWriter(Writer.nullWriter()) : out);
    }

    /** Prints what a server answers, as JSON or in words. */
    void show(PrintWriter out, JsonNode result, Consumer<TextOutput> words) throws JsonProcessingException {
        show(out, ReportJson.toBytes(result), words);
    }

    /** Prints a result, as JSON or in words. */
    void show(PrintWriter out, Record result, Consumer<TextOutput> words) throws JsonProcessingException {
        show(out, ReportJson.toBytes(result), words);
    }

    private void show(PrintWriter out, byte[] result, Consumer<TextOutput> words) {
        if (json) {
            out.print(new String(result, StandardCharsets.UTF_8));
        } else {
            words.accept(new TextOutput(out));
        }
        out.flush();
    }
}
