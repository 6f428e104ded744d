package org.lora4j.nn.layer;

/** What a row of a batch stands for between two layers. */
public enum RowKind {
    /** An example: rows of features, or one row for each sequence after a {@link Pooling}. */
    EXAMPLE,
    /** A token of a sequence. */
    TOKEN
}
