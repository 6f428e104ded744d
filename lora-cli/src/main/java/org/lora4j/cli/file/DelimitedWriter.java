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

/** Values with commas or tabs between them, and the names of the columns in the first line. */
final class DelimitedWriter implements RowWriter {
    static final CSVFormat CSV =
            CSVFormat.RFC4180.builder().setRecordSeparator('\n').get();
    static final CSVFormat TSV = CSVFormat.RFC4180
            .builder()
            .setDelimiter('\t')
            .setQuote(null)
            .setRecordSeparator('\n')
            .get();

    private final Writer out;
    private final CSVFormat format;
    private @Nullable CSVPrinter printer;
    private List<String> columns = List.of();

    DelimitedWriter(Writer out, CSVFormat format) {
        this.out = out;
        this.format = format;
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
                        .anyMatch(value -> value.chars().anyMatch(c -> c == '\t' || c == '\n' || c == '\r'))) {
            throw new IOException(
                    "a value of TSV must have no tab and no line feed, found one; name an output that ends with .csv");
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
