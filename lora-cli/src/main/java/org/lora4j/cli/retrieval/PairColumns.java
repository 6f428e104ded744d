package org.lora4j.cli.retrieval;

import org.lora4j.cli.train.Column;

/**
 * The columns of queries and texts.
 *
 * @param query the query
 * @param positive a text that belongs to it
 * @param negative a text that does not
 * @param passage a text of which {@code label} says whether it belongs to the query
 * @param label 1 or true, 0 or false
 */
public record PairColumns(Column query, Column positive, Column negative, Column passage, Column label) {}
