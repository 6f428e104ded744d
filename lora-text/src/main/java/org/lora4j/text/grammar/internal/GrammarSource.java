package org.lora4j.text.grammar.internal;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/** A grammar that was checked: it creates its expressions for any vocabulary. Immutable. */
public final class GrammarSource {
    private static final int MOST_CHARACTERS = 1_000_000;

    /** A text is kept as the key of a grammar too. */
    private static final int BYTES_PER_CHARACTER = 4;

    private final Function<Expressions, Expression> compiler;
    private final long characters;

    /** The keywords and formats of schemas that have no effect. */
    private final List<String> annotations;

    private GrammarSource(long characters, Function<Expressions, Expression> compiler) {
        this(characters, compiler, List::of);
    }

    /** The annotations are known when it is compiled. */
    private GrammarSource(
            long characters,
            Function<Expressions, Expression> compiler,
            Supplier<? extends Collection<String>> annotations) {
        this.characters = characters;
        this.compiler = compiler;
        if (compile(new Expressions()).shortest() >= Expression.NO_END) {
            throw new IllegalArgumentException("grammar: at least one text must fit, found none that ends;"
                    + " look for rules that always need themselves, and for conditions that exclude each other");
        }
        this.annotations = annotations.get().stream().distinct().toList();
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
        return new GrammarSource(characters(parts), all -> all.sequence(compile(parts, all)), () -> annotations(parts));
    }

    /** The texts of all options. */
    public static GrammarSource anyOf(List<GrammarSource> options) {
        return new GrammarSource(characters(options), all -> all.or(compile(options, all)), () -> annotations(options));
    }

    /** Texts any number of times. */
    public static GrammarSource zeroOrMore(GrammarSource part) {
        return new GrammarSource(
                part.characters, all -> all.repeat(part.compiler.apply(all), 0, Repeat.UNBOUNDED), part::annotations);
    }

    private static long characters(List<GrammarSource> sources) {
        return sources.stream().mapToLong(source -> source.characters).sum();
    }

    private static List<String> annotations(List<GrammarSource> sources) {
        return sources.stream().flatMap(source -> source.annotations.stream()).toList();
    }

    /** The keywords and formats of schemas that have no effect, each once. */
    public List<String> annotations() {
        return annotations;
    }

    /** About how much memory the texts take that it was made of. */
    long bytes() {
        return BYTES_PER_CHARACTER * characters;
    }

    private static List<Expression> compile(List<GrammarSource> sources, Expressions all) {
        return sources.stream().map(source -> source.compiler.apply(all)).toList();
    }

    /** Reads a JSON Schema as the specification says. */
    public static GrammarSource jsonSchema(String schema) {
        return jsonSchema(schema, SchemaRules.STANDARD);
    }

    /**
     * Reads a JSON Schema.
     *
     * @throws IllegalArgumentException if it is none, or has something that is not supported
     */
    public static GrammarSource jsonSchema(String schema, SchemaRules rules) {
        Set<String> annotations = Collections.synchronizedSet(new LinkedHashSet<>());
        return new GrammarSource(
                schema.length(),
                SchemaCompiler.of(limited("JSON Schema", schema), rules, annotations::add),
                () -> annotations);
    }

    /**
     * Reads the strings of a JSON Schema, without quotation marks and without escapes.
     *
     * @param without a text that they do not have in them
     * @throws IllegalArgumentException as {@link #jsonSchema}
     */
    public static GrammarSource strings(String schema, SchemaRules rules, String without) {
        Set<String> annotations = Collections.synchronizedSet(new LinkedHashSet<>());
        return new GrammarSource(
                schema.length(),
                SchemaCompiler.strings(limited("JSON Schema", schema), rules, annotations::add, without),
                () -> annotations);
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
