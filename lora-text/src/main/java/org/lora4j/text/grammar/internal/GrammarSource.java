package org.lora4j.text.grammar.internal;

import java.util.List;
import java.util.function.Function;

/** A grammar that was checked: it creates its expressions for any vocabulary. Immutable. */
public final class GrammarSource {
    private static final int MOST_CHARACTERS = 1_000_000;

    /** A text is kept as the key of a grammar too. */
    private static final int BYTES_PER_CHARACTER = 4;

    private final Function<Expressions, Expression> compiler;
    private final long characters;

    private GrammarSource(long characters, Function<Expressions, Expression> compiler) {
        this.characters = characters;
        this.compiler = compiler;
        if (compile(new Expressions()).shortest() >= Expression.NO_END) {
            throw new IllegalArgumentException("grammar: at least one text must fit, found none that ends;"
                    + " look for rules that always need themselves, and for conditions that exclude each other");
        }
    }

    /** Any JSON value. */
    public static GrammarSource json() {
        return new GrammarSource(0, SchemaCompiler::anyValue);
    }

    /** One text. */
    public static GrammarSource text(String text) {
        return new GrammarSource(text.length(), all -> all.literal(limited("grammar", text)));
    }

    /** The special or added token with a text; if the vocabulary has none, the text. */
    public static GrammarSource token(String text) {
        return new GrammarSource(text.length(), all -> {
            Expression token = all.token(text);
            return token == null ? all.literal(text) : token;
        });
    }

    /** One text after the other. */
    public static GrammarSource sequence(List<GrammarSource> parts) {
        return new GrammarSource(characters(parts), all -> all.sequence(compile(parts, all)));
    }

    /** The texts of all options. */
    public static GrammarSource anyOf(List<GrammarSource> options) {
        return new GrammarSource(characters(options), all -> all.or(compile(options, all)));
    }

    /** Texts any number of times. */
    public static GrammarSource zeroOrMore(GrammarSource part) {
        return new GrammarSource(part.characters, all -> all.repeat(part.compiler.apply(all), 0, Repeat.UNBOUNDED));
    }

    private static long characters(List<GrammarSource> sources) {
        return sources.stream().mapToLong(source -> source.characters).sum();
    }

    /** About how much memory the texts take that it was made of. */
    long bytes() {
        return BYTES_PER_CHARACTER * characters;
    }

    private static List<Expression> compile(List<GrammarSource> sources, Expressions all) {
        return sources.stream().map(source -> source.compiler.apply(all)).toList();
    }

    /**
     * Reads a JSON Schema.
     *
     * @throws IllegalArgumentException if it is none, or has something that is not supported
     */
    public static GrammarSource jsonSchema(String schema) {
        return new GrammarSource(schema.length(), SchemaCompiler.of(limited("JSON Schema", schema)));
    }

    /**
     * Reads a GBNF grammar.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static GrammarSource gbnf(String grammar) {
        return new GrammarSource(grammar.length(), GbnfParser.of(limited("GBNF", grammar)));
    }

    private static String limited(String what, String text) {
        if (text.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException(what + ": must have at most " + MOST_CHARACTERS + " characters, found "
                    + text.length() + "; use a shorter one");
        }
        return text;
    }

    /** Creates the completed expressions of the grammar. */
    Expression compile(Expressions all) {
        Expression root = compiler.apply(all);
        all.complete();
        return root;
    }
}
