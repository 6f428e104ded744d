package org.lora4j.cli.file;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.FileForm;

/** Values with a character between them, such as a comma or a tab, and the names of the columns in the first line. */
final class DelimitedWriter implements RowWriter {
    private final Writer out;
    private final CSVFormat format;
    private final char delimiter;
    private @Nullable CSVPrinter printer;
    private List<String> columns = List.of();

    /**
     * Creates a writer.
     *
     * @param isQuoted whether a value with a delimiter, a quote or a line feed stands in quotes; else it is refused
     */
    DelimitedWriter(Writer out, FileForm form, boolean isQuoted) {
        this.out = out;
        delimiter = Objects.requireNonNull(form.delimiter());
        CSVFormat.Builder builder =
                CSVFormat.RFC4180.builder().setDelimiter(delimiter).setRecordSeparator(form.lineEnd());
        format = (isQuoted ? builder : builder.setQuote(null)).get();
    }

    @Override
    public void write(ObjectNode row) throws IOException {
        List<String> names = new ArrayList<>();
        row.fieldNames().forEachRemaining(names::add);
        if (printer == null) {
            printer = new CSVPrinter(out, format);
            columns = names;
            print(printer, names);
        }
        if (!names.equals(columns)) {
            throw new IOException("each row must have the columns of the first one, " + columns + ", found " + names
                    + "; name an output that ends with .jsonl");
        }
        List<String> values = new ArrayList<>();
        row.forEach(value -> values.add(text(value)));
        print(Objects.requireNonNull(printer), values);
    }

    private void print(CSVPrinter to, List<String> values) throws IOException {
        if (!format.isQuoteCharacterSet()
                && values.stream()
                        .anyMatch(value -> value.chars().anyMatch(c -> c == delimiter || c == '\n' || c == '\r'))) {
            throw new IOException("a value of TSV must have no "
                    + (delimiter == '\t' ? "tab" : delimiter)
                    + " and no line feed, found one; name an output that ends with .csv");
        }
        to.printRecord(values);
    }

    private static String text(JsonNode value) {
        return value.isNull() ? "" : value.isValueNode() ? value.asText() : value.toString();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
