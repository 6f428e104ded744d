package org.lora4j.text.grammar;

import org.lora4j.text.grammar.internal.SchemaRules;

/** Which texts of a JSON Schema a grammar has. Immutable. */
public final class SchemaOptions {
    /**
     * All values that the specification says: objects are open unless {@code additionalProperties} closes them. Their properties come
     * in the order of the schema.
     */
    public static final SchemaOptions STANDARD = new SchemaOptions(SchemaRules.STANDARD);

    /**
     * What a model should write, without what a schema allows by saying nothing: objects with {@code properties} and without {@code
     * additionalProperties} have no others; a schema without {@code type} that has keywords of some types has values of these types; a
     * whole number has no fraction, and a constant number the form that it has in the schema. All such texts fit the schema. Answers
     * and calls of tools are written so.
     */
    public static final SchemaOptions WRITING = new SchemaOptions(new SchemaRules(true, false, false));

    private final SchemaRules rules;

    private SchemaOptions(SchemaRules rules) {
        this.rules = rules;
    }

    /**
     * Returns options that refuse every keyword and format that is not supported, instead of taking it for an annotation.
     *
     * @return the new options
     */
    public SchemaOptions withStrictKeywords() {
        return new SchemaOptions(new SchemaRules(rules.isClosed(), true, rules.isAnyOrder()));
    }

    /**
     * Returns options for reading what others wrote: properties come in any order. Each set of properties that were there is a state of
     * its own, so masks are computed more often than in the order of the schema.
     *
     * @return the new options
     */
    public SchemaOptions withAnyOrder() {
        return new SchemaOptions(new SchemaRules(rules.isClosed(), rules.isStrict(), true));
    }

    SchemaRules rules() {
        return rules;
    }

    @Override
    public String toString() {
        return "SchemaOptions(" + (rules.isClosed() ? "closed objects, " : "")
                + (rules.isStrict() ? "strict" : "lenient") + " keywords, " + (rules.isAnyOrder() ? "any" : "the")
                + " order)";
    }
}
