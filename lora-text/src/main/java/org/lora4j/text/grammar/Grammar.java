package org.lora4j.text.grammar;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.grammar.internal.GrammarConstraint;
import org.lora4j.text.grammar.internal.GrammarSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The texts that an answer may be: JSON values, those of a JSON Schema, those of a GBNF grammar, or what is composed of such. Immutable,
 * and thread-safe.
 *
 * <pre>{@code
 * GrammarVocabulary vocabulary = GrammarVocabulary.load(folder);
 * TokenConstraint constraint = Grammar.jsonSchema(schema).constraint(vocabulary);
 * GenerationOptions options = GenerationOptions.greedy().withMaxTokens(200).withConstraint(constraint);
 * }</pre>
 *
 * <p>Expressions over bytes and their derivatives decide what may follow (Brzozowski, <a
 * href="https://doi.org/10.1145/321239.321249">doi:10.1145/321239.321249</a>). Their memory is limited.
 *
 * <p><b>JSON texts.</b> There may be one space behind each {@code ':'} and {@code ','}, and no other white space, because small
 * models easily repeat it without end. A string escapes quotation marks, backslashes and control characters, and nothing else.
 * Whole numbers have at most 18 digits, numbers also 18 digits behind the point, and exponents 2, if a schema does not say otherwise.
 * Bounds with more digits allow more.
 */
public final class Grammar {
    private static final Logger LOG = LoggerFactory.getLogger(Grammar.class);

    private final GrammarSource source;
    private @Nullable GrammarVocabulary lastVocabulary;
    private @Nullable GrammarConstraint lastConstraint;

    private Grammar(GrammarSource source) {
        this.source = source;
    }

    /**
     * Returns the grammar of any JSON value.
     *
     * @return objects, arrays, strings, numbers, true, false and null
     */
    public static Grammar json() {
        return new Grammar(GrammarSource.json());
    }

    /**
     * Reads a JSON Schema (drafts 4, 6, 7, 2019-09 and 2020-12, and {@code nullable} of OpenAPI) with {@link SchemaOptions#STANDARD}. A
     * text fits if the specification says that its value is valid; the drafts differ in {@code $schema}.
     *
     * <ul>
     *   <li>Of all values: {@code type}, {@code enum}, {@code const}, {@code anyOf}, {@code oneOf}, {@code allOf}, {@code not}, {@code
     *       if}, {@code then}, {@code else}, {@code nullable}, and {@code $ref} to a place, an anchor or an identifier within the
     *       schema. {@code oneOf} is exact: of branches that overlap, the others are excluded. Alternatives that are joined may be 2,000.
     *   <li>Objects: {@code properties}, {@code patternProperties}, {@code additionalProperties}, {@code unevaluatedProperties}, {@code
     *       propertyNames}, {@code required}, {@code minProperties}, {@code maxProperties}, {@code dependentRequired}, {@code
     *       dependentSchemas}, {@code dependencies}. The properties come in the order of the schema, those of a schema itself before
     *       those of schemas that are joined with it; then those that only {@code required} names, then others, whose names may come
     *       twice.
     *   <li>Arrays: {@code items}, {@code prefixItems}, {@code additionalItems}, {@code unevaluatedItems}, {@code minItems}, {@code
     *       maxItems}, {@code contains}, {@code minContains}, {@code maxContains}; {@code uniqueItems} if the elements are of an {@code
     *       enum} of at most 10 texts, numbers, truth values and null.
     *   <li>Strings: {@code minLength} and {@code maxLength}, which count characters, {@code pattern}, and {@code format}: date,
     *       date-time, time, duration, email, hostname, ipv4, ipv6, iri, iri-reference, json-pointer, relative-json-pointer, uri,
     *       uri-reference, uri-template, uuid. A pattern is one of ECMA-262 without parts that look around, {@code \b}, {@code \p} and
     *       references; {@code ^} and {@code $} stand at the ends of alternatives. Hosts have no labels with {@code --} behind two
     *       letters (Punycode).
     *   <li>Numbers: {@code minimum}, {@code maximum}, {@code exclusiveMinimum}, {@code exclusiveMaximum}, and {@code multipleOf} a
     *       number whose digits are those of a whole number up to 10,000. Numbers with bounds other than 0, or with {@code multipleOf},
     *       have no exponents. A number has at most 310 digits before and behind the point. A whole number with the {@code format}
     *       int32, int16 or int8 is one of Java's {@code int}, {@code short} or {@code byte}.
     * </ul>
     *
     * <p>What no draft knows, and other formats, are annotations: they have no effect, {@link #annotations()} names them, and so does a
     * line of the log. The formats {@code regex}, {@code idn-email} and {@code idn-hostname}, {@code $dynamicRef} and {@code
     * $recursiveRef} that depend on who refers to them, and a keyword that cannot be held exactly where it stands are refused. {@code
     * $schema}, {@code contentEncoding} and the like have no effect, and nothing is loaded.
     *
     * @param schema the text of the schema, at most 1,000,000 characters
     * @return the grammar
     * @throws IllegalArgumentException if this is no schema, something is not supported, no value fits, or the schema is too large;
     *     the message has the place
     */
    public static Grammar jsonSchema(String schema) {
        return jsonSchema(schema, SchemaOptions.STANDARD);
    }

    /**
     * Reads a JSON Schema with options.
     *
     * @param schema the text of the schema, at most 1,000,000 characters
     * @param options which of its texts there are
     * @return the grammar
     * @throws IllegalArgumentException as {@link #jsonSchema(String)}
     */
    public static Grammar jsonSchema(String schema, SchemaOptions options) {
        Objects.requireNonNull(schema, "schema must not be null");
        Objects.requireNonNull(options, "options must not be null");
        GrammarSource source = GrammarSource.jsonSchema(schema, options.rules());
        if (!source.annotations().isEmpty()) {
            LOG.info("JSON Schema: these keywords have no effect: {}", MessageText.list(source.annotations()));
        }
        return new Grammar(source);
    }

    /**
     * Reads a JSON Schema that is a map already.
     *
     * @param schema maps, lists, strings, numbers and truth values; maps keep the order of the properties
     * @return the grammar
     * @throws IllegalArgumentException as {@link #jsonSchema(String)}
     */
    public static Grammar jsonSchema(Map<String, ?> schema) {
        return jsonSchema(schema, SchemaOptions.STANDARD);
    }

    /**
     * Reads a JSON Schema that is a map already, with options.
     *
     * @param schema maps, lists, strings, numbers and truth values; maps keep the order of the properties
     * @param options which of its texts there are
     * @return the grammar
     * @throws IllegalArgumentException as {@link #jsonSchema(String)}
     */
    public static Grammar jsonSchema(Map<String, ?> schema, SchemaOptions options) {
        return jsonSchema(text(schema), options);
    }

    /**
     * Returns the strings of a JSON Schema as they are, without quotation marks and escapes: for calls that have them between tags. Its other
     * values are left out.
     *
     * @param schema maps, lists, strings, numbers and truth values
     * @param options as in {@link #jsonSchema(Map, SchemaOptions)}
     * @param without what follows on the string, and is not in it; at least one character
     * @return the grammar
     * @throws IllegalArgumentException as {@link #jsonSchema(String)}, or if no string fits
     */
    public static Grammar strings(Map<String, ?> schema, SchemaOptions options, String without) {
        Objects.requireNonNull(options, "options must not be null");
        Objects.requireNonNull(without, "without must not be null");
        if (without.isEmpty()) {
            throw new IllegalArgumentException("without must have at least one character, found an empty text");
        }
        return new Grammar(GrammarSource.strings(text(schema), options.rules(), without));
    }

    private static String text(Map<String, ?> schema) {
        Objects.requireNonNull(schema, "schema must not be null");
        try {
            return StrictJson.MAPPER.writeValueAsString(schema);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "JSON Schema: must have values of JSON, found " + MessageText.describe(e.getOriginalMessage()), e);
        }
    }

    /**
     * Reads a grammar of <a href="https://github.com/ggml-org/llama.cpp/tree/master/grammars">llama.cpp (GBNF)</a>: rules {@code
     * name ::= alternatives} of literals, classes such as {@code [^a-z]}, {@code .} for any character, groups, and the counts
     * {@code * + ? {m} {m,} {m,n}}. The answer fits the rule {@code root}. {@code <think>} and {@code <[1000]>} are special or added
     * tokens of the vocabulary, by their text and their id; {@link #constraint} refuses those that it does not have. Tokens that are
     * excluded, as {@code !<think>} is, are not supported.
     *
     * @param grammar the text of the grammar, at most 1,000,000 characters
     * @return the grammar
     * @throws IllegalArgumentException if this is no such grammar, a rule begins with itself, no text fits, or the grammar is too
     *     large; the message has line and column, or the name of the rule
     */
    public static Grammar gbnf(String grammar) {
        return new Grammar(GrammarSource.gbnf(Objects.requireNonNull(grammar, "grammar must not be null")));
    }

    /**
     * Returns the grammar of one text.
     *
     * @param text the text, at most 1,000,000 characters; may be empty
     * @return the grammar
     * @throws IllegalArgumentException if it is too long
     */
    public static Grammar text(String text) {
        return new Grammar(GrammarSource.text(Objects.requireNonNull(text, "text must not be null")));
    }

    /**
     * Returns the grammar of a special or added token, such as {@code <tool_call>} of Qwen. If a vocabulary has no such token, this is
     * {@link #text}.
     *
     * @param text the text of the token
     * @return the grammar
     */
    public static Grammar token(String text) {
        return new Grammar(GrammarSource.token(Objects.requireNonNull(text, "text must not be null")));
    }

    /**
     * Returns the grammar of texts that stand one after the other.
     *
     * @param parts the grammars of the texts
     * @return the grammar
     * @throws IllegalArgumentException if the parts are too large together
     */
    public static Grammar sequence(Grammar... parts) {
        return new Grammar(GrammarSource.sequence(sources(parts)));
    }

    /**
     * Returns the grammar of the texts of several grammars.
     *
     * @param options the grammars, at least one
     * @return the grammar
     * @throws IllegalArgumentException if there is none, or they are too large together
     */
    public static Grammar anyOf(Grammar... options) {
        return new Grammar(GrammarSource.anyOf(sources(options)));
    }

    /**
     * Returns the grammar of texts that are repeated any number of times, or not there at all.
     *
     * @param part the grammar of each text
     * @return the grammar
     */
    public static Grammar zeroOrMore(Grammar part) {
        return new Grammar(GrammarSource.zeroOrMore(Objects.requireNonNull(part, "part must not be null").source));
    }

    private static List<GrammarSource> sources(Grammar... grammars) {
        Objects.requireNonNull(grammars, "grammars must not be null");
        return Arrays.stream(grammars).map(grammar -> grammar.source).toList();
    }

    /**
     * Returns the keywords and formats of its JSON Schemas that no draft knows, and that have no effect.
     *
     * @return each name once; a format has {@code "format: "} before it
     */
    public List<String> annotations() {
        return source.annotations();
    }

    /**
     * Returns the constraint for the tokens of a model. The one for the last vocabulary is kept, with what it has computed.
     *
     * @param vocabulary the tokens
     * @return the constraint; its {@code begin} demands the tokens of a shortest text: those of the vocabulary for what the grammar fixes, and
     *     one for each byte of what it leaves open
     * @throws IllegalArgumentException if the vocabulary has no tokens for the single bytes of any text of the grammar, or not the
     *     special token that a GBNF grammar names
     */
    public TokenConstraint constraint(GrammarVocabulary vocabulary) {
        return compile(Objects.requireNonNull(vocabulary, "vocabulary must not be null"));
    }

    /** Computes the constraint for the tokens of a model. */
    synchronized GrammarConstraint compile(GrammarVocabulary vocabulary) {
        GrammarConstraint known = lastConstraint;
        if (known == null || lastVocabulary != vocabulary) {
            known = new GrammarConstraint(
                    source, vocabulary.trie(), vocabulary.dropsFirstSpace(), vocabulary.tokenizer());
            lastVocabulary = vocabulary;
            lastConstraint = known;
        }
        return known;
    }
}
