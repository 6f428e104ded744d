package org.lora4j.text.grammar.internal;

/**
 * Which texts of a schema there are.
 *
 * @param isClosed whether objects with {@code properties} and without {@code additionalProperties} have no others, values without a
 *     type are of those that the keywords are for, and numbers have their shortest form
 * @param isStrict whether a keyword or format that is unknown is refused
 * @param isAnyOrder whether properties come in any order, and not only in the one of the schema
 */
public record SchemaRules(boolean isClosed, boolean isStrict, boolean isAnyOrder) {
    /** All values of the specification, with properties in the order of the schema. */
    public static final SchemaRules STANDARD = new SchemaRules(false, false, false);
}
