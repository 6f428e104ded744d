package org.lora4j.text.grammar.internal;

import java.nio.charset.StandardCharsets;

/** The texts of a grammar, byte by byte. */
final class Texts {
    private final Expression root;

    private Texts(Expression root) {
        this.root = root;
    }

    static Texts of(GrammarSource source) {
        return new Texts(source.compile(new Expressions()));
    }

    static Texts of(Expression root) {
        return new Texts(root);
    }

    /** The texts that a model writes for a schema. */
    static Texts schema(String schema) {
        return of(GrammarSource.jsonSchema(schema, new SchemaRules(true, false, false)));
    }

    /** All texts of a schema. */
    static Texts standard(String schema) {
        return of(GrammarSource.jsonSchema(schema));
    }

    static Texts gbnf(String grammar) {
        return of(GrammarSource.gbnf(grammar));
    }

    /** Returns whether the grammar has a text, and whether no beginning of it was taken for a dead end. */
    boolean has(String text) {
        Expression at = root;
        long left = at.shortest();
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            at = at.after(Byte.toUnsignedInt(value));
            if (at.shortest() < left - 1) {
                throw new AssertionError("the shortest text must get shorter by at most one byte, found " + left
                        + " and " + at.shortest());
            }
            left = at.shortest();
        }
        if (at.isNullable() != (at.shortest() == 0)) {
            throw new AssertionError(
                    "an expression with the empty text must have a shortest text of 0 bytes, found " + at.shortest());
        }
        return at.isNullable();
    }

    long shortest() {
        return root.shortest();
    }
}
