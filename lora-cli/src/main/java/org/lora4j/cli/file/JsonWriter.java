package org.lora4j.cli.file;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Writer;

/** An object in each line. */
record JsonWriter(Writer out, String lineEnd) implements RowWriter {
    @Override
    public void write(ObjectNode row) throws IOException {
        out.write(row.toString());
        out.write(lineEnd);
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
