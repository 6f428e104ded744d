package org.lora4j.text.grammar.internal;

/**
 * Which texts of a schema there are.
 *
 * @param isClosed whether objects with {@code properties} and without {@code additionalProperties} have no others, values without a
 *     type are of those that the keywords are for, and numbers have their shortest form
 * @param isStrict whether a keyword or format that is unknown is refused
 */
public record SchemaRules(boolean isClosed, boolean isStrict) {
    /** Those of the specification. */
    public static final SchemaRules STANDARD = new SchemaRules(false, false);
}
