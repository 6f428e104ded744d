package org.lora4j.text.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the columns of a file of CSV or TSV.
 *
 * @param names their names; none if the first line has them
 * @param delimiter the character between two values; null for what the first line shows
 */
record DelimitedColumns(List<String> names, @Nullable Character delimiter) {
    /** All is in the first line. */
    static final DelimitedColumns UNKNOWN = new DelimitedColumns(List.of(), null);

    DelimitedColumns {
        names = List.copyOf(names);
    }

    /** Columns with a delimiter that was asked for. */
    static DelimitedColumns delimitedBy(char delimiter) {
        if ((Character.isISOControl(delimiter) && delimiter != '\t') || delimiter == '"') {
            throw new IllegalArgumentException(
                    "the delimiter must be a tab or a character that is neither a quote nor a control character, found '"
                            + delimiter + "'");
        }
        return new DelimitedColumns(List.of(), delimiter);
    }
}
