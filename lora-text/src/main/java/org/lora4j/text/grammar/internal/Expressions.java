package org.lora4j.text.grammar.internal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Creates expressions, each once. First the expressions of a grammar are created, with rules. After {@link #complete} their
 * derivatives are computed, as far as they are needed. How many live together is limited. Not thread-safe.
 */
public final class Expressions extends ExpressionFactory {
    /** Those of a sequence. */
    private static final int PARTS = 2;

    /** So many different tokens a grammar may name. */
    private static final int MOST_TOKENS = 256;

    /** The tokens; null for all that can be. */
    private final @Nullable TokenTrie trie;

    /** Such a token is no text of bytes. It is a symbol of its own, behind those of the bytes. */
    private final Map<Object, Integer> symbols = new LinkedHashMap<>();

    private final Map<List<Object>, Expression> known = new HashMap<>();
    private final ConcatTable sequences = new ConcatTable();
    private final Map<List<Object>, Rule> rules = new LinkedHashMap<>();
    private final List<Expression> created = new ArrayList<>();
    private boolean isComplete;
    private @Nullable Expression jsonCharacter;
    private final Expression never;
    private final Expression empty;

    /** Creates none yet, for the tokens of a vocabulary. */
    Expressions(TokenTrie trie) {
        this(trie.typed(), trie);
    }

    private Expressions(BitSet typed, @Nullable TokenTrie trie) {
        super(new ByteGroups(typed));
        this.trie = trie;
        never = add(List.of("never"), 1, () -> new Constant(this, false));
        empty = add(List.of("empty"), 1, () -> new Constant(this, true));
    }

    /** Creates none yet, for a vocabulary that has a token for each byte and all special tokens. */
    public Expressions() {
        this(allBytes(), null);
    }

    private static BitSet allBytes() {
        BitSet all = new BitSet();
        all.set(0, ByteGroups.BYTES);
        return all;
    }

    private interface Creation {
        Expression create();
    }

    private Expression add(List<Object> key, int size, Creation creation) {
        effort().spend(1 + size);
        Expression found = known.get(key);
        if (found == null) {
            weight().addExpression(size);
            found = creation.create();
            known.put(key, found);
            created(found);
        }
        return found;
    }

    private void created(Expression one) {
        if (!isComplete) {
            created.add(one);
        } else if (!one.isSearched) {
            one.shortest();
            one.fewestTokens();
        }
    }

    @Override
    boolean isComplete() {
        return isComplete;
    }

    /** Refuses a text that is too long for the memory of all, before it is built: from each character on, it is a sequence of its own. */
    void requireRoomFor(int characters) {
        weight().requireRoomFor(characters - 1, PARTS);
    }

    /** Notes which expression is any character of a JSON string. */
    void jsonCharacter(Expression character) {
        jsonCharacter = character;
    }

    @SuppressWarnings("ReferenceEquality") // Equal expressions are the same object.
    boolean isJsonCharacter(Expression part) {
        return part == jsonCharacter;
    }

    @Override
    Expression never() {
        return never;
    }

    @Override
    Expression empty() {
        return empty;
    }

    Expression oneOf(BitSet bytes) {
        if (bytes.isEmpty()) {
            return never;
        }
        if (!isComplete) {
            groups().add(bytes);
        }
        return add(List.of("byte", bytes), 4, () -> new OneByte(this, bytes));
    }

    Expression literal(byte[] bytes) {
        requireRoomFor(bytes.length);
        Expression text = empty;
        for (int i = bytes.length - 1; i >= 0; i--) {
            BitSet one = new BitSet();
            one.set(Byte.toUnsignedInt(bytes[i]));
            text = concat(oneOf(one), text);
        }
        return text;
    }

    Expression literal(String text) {
        return literal(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A part with references is divided, so that what follows the innermost open rule stands before what follows the outer ones. */
    @Override
    Expression concat(Expression first, Expression rest) {
        if (first == never || rest == never) {
            return never;
        }
        if (first == empty || rest == empty) {
            return first == empty ? rest : first;
        }
        if (first instanceof Concat && !first.isRegular) {
            List<Expression> parts = new ArrayList<>();
            Expression at = first;
            while (at instanceof Concat concat && !concat.isRegular) {
                effort().spend(1);
                parts.add(concat.first);
                at = concat.rest;
            }
            parts.add(at);
            Expression all = rest;
            for (int i = parts.size() - 1; i >= 0; i--) {
                all = pair(parts.get(i), all);
            }
            return all;
        }
        return pair(first, rest);
    }

    private Expression pair(Expression first, Expression rest) {
        effort().spend(1 + PARTS);
        Concat found = sequences.get(first, rest);
        if (found == null) {
            weight().addExpression(PARTS);
            found = new Concat(this, first, rest);
            sequences.add(found);
            created(found);
        }
        return found;
    }

    Expression sequence(Expression... parts) {
        return sequence(List.of(parts));
    }

    Expression sequence(List<Expression> parts) {
        Expression all = empty;
        for (int i = parts.size() - 1; i >= 0; i--) {
            all = concat(parts.get(i), all);
        }
        return all;
    }

    Expression or(Expression... options) {
        return or(List.of(options));
    }

    @Override
    Expression or(List<Expression> options) {
        Set<Expression> different = new LinkedHashSet<>();
        for (Expression option : options) {
            if (option instanceof Or or) {
                effort().spend(or.options.size());
                different.addAll(or.options);
            } else if (option != never) {
                different.add(option);
            }
        }
        if (different.isEmpty()) {
            return never;
        }
        List<Expression> sorted = sorted(different);
        return sorted.size() == 1
                ? sorted.get(0)
                : add(List.of("or", sorted), 2 * sorted.size(), () -> new Or(this, sorted));
    }

    private static List<Expression> sorted(Set<Expression> different) {
        List<Expression> sorted = new ArrayList<>(different);
        sorted.sort(Comparator.comparingInt(one -> one.id));
        return sorted;
    }

    Expression and(Expression... parts) {
        return and(List.of(parts));
    }

    /** The parts must have no references. */
    @Override
    Expression and(List<Expression> parts) {
        Set<Expression> different = new LinkedHashSet<>();
        for (Expression part : parts) {
            if (part == never) {
                return never;
            }
            if (part instanceof And and) {
                effort().spend(and.parts.size());
                different.addAll(and.parts);
            } else if (!(part instanceof Not not && not.part == never)) {
                different.add(requireRegular(part));
            }
        }
        if (different.isEmpty()) {
            return not(never);
        }
        List<Expression> sorted = sorted(different);
        return sorted.size() == 1
                ? sorted.get(0)
                : add(List.of("and", sorted), 2 * sorted.size(), () -> new And(this, sorted));
    }

    @Override
    Expression not(Expression part) {
        requireRegular(part);
        return part instanceof Not not ? not.part : add(List.of("not", part), 1, () -> new Not(this, part));
    }

    private static Expression requireRegular(Expression part) {
        if (!part.isRegular) {
            throw new IllegalArgumentException("an intersection must have no references to rules, found one");
        }
        return part;
    }

    /** The multiples of a divisor with so many digits behind the point, which is a whole number of the last of them. */
    Expression multiples(int divisor, int scale) {
        if (!isComplete) {
            "0123456789.".chars().forEach(digit -> {
                BitSet one = new BitSet();
                one.set(digit);
                groups().add(one);
            });
        }
        return remainder(divisor, scale, 0, false);
    }

    @Override
    Expression remainder(int divisor, int left, int remainder, boolean isFraction) {
        return add(
                List.of("remainder", divisor, left, remainder, isFraction),
                2,
                () -> new Remainder(this, divisor, left, remainder, isFraction));
    }

    /** Properties in any order. */
    Expression members(MemberProperties properties) {
        return members(properties, new BitSet(), 0);
    }

    @Override
    Expression members(MemberProperties properties, BitSet used, int count) {
        return add(
                List.of("members", properties, used, count),
                PARTS + properties.named().size() / Long.SIZE,
                () -> new Members(this, properties, used, count));
    }

    @Override
    Expression repeat(Expression part, int min, int max) {
        if (min > max) {
            return never;
        }
        if (max == 0 || part == empty) {
            return empty;
        }
        if (part == never) {
            return min == 0 ? empty : never;
        }
        if (min == 1 && max == 1) {
            return part;
        }
        return add(List.of("repeat", part, min, max), 3, () -> new Repeat(this, part, min, max));
    }

    Expression optional(Expression part) {
        return or(empty, part);
    }

    /**
     * Returns the special or added token with a text.
     *
     * @return null if the vocabulary has none
     */
    @Nullable
    Expression token(String text) {
        Integer id = trie == null ? null : trie.added().get(text);
        return trie == null ? symbol(text) : id == null ? null : symbol(id);
    }

    /**
     * Returns the special or added token with an id.
     *
     * @return null if the vocabulary has none
     */
    @Nullable
    Expression token(int id) {
        return trie == null || symbols.containsKey(id) || trie.added().containsValue(id) ? symbol(id) : null;
    }

    private Expression symbol(Object token) {
        int symbol = symbols.computeIfAbsent(token, key -> ByteGroups.BYTES + symbols.size());
        if (symbols.size() > MOST_TOKENS) {
            throw new IllegalArgumentException("grammar: at most " + MOST_TOKENS
                    + " different tokens must be named, found more; write their texts in quotation marks");
        }
        BitSet one = new BitSet();
        one.set(symbol);
        groups().addSymbol(symbol);
        return oneOf(one);
    }

    @Override
    int tokenNode(int from, byte value) {
        return trie == null ? 0 : trie.child(from, value);
    }

    @Override
    boolean isToken(int node) {
        return trie != null && trie.hasTokens(node);
    }

    /** The symbols of the special and added tokens of a grammar, by their ids. */
    Map<Object, Integer> symbols() {
        return symbols;
    }

    /**
     * Returns the rule of a name, which is defined later.
     *
     * @param scope whose name it is: rules of other grammars may have the same
     */
    Rule rule(Object scope, String name) {
        return rules.computeIfAbsent(List.of(scope, name), key -> new Rule(name));
    }

    int rules() {
        return rules.size();
    }

    Expression reference(Rule rule) {
        return add(List.of("rule", rule), 1, () -> new Reference(this, rule));
    }

    /**
     * Ends the definition of the rules.
     *
     * @throws IllegalArgumentException if a rule begins with itself, or the rules are nested too deep
     */
    void complete() {
        isComplete = true;
        groups().divide(symbols.size(), effort());
        List<Expression> all = List.copyOf(created);
        created.clear();
        all.stream().filter(one -> one.isRegular && !one.isSearched).forEach(one -> {
            one.shortest();
            one.fewestTokens();
        });
        List<Expression> recursive = all.stream().filter(one -> !one.isRegular).toList();
        int passes = 0;
        boolean changes = true;
        while (changes) {
            changes = false;
            effort().spend(recursive.size());
            for (Expression one : recursive) {
                changes |= one.updateShortest();
            }
            passes++;
            if (passes > LeftRecursion.MOST_DEPTH) {
                throw LeftRecursion.tooDeep();
            }
        }
        new LeftRecursion().check(rules.values());
        weight().endGrammar();
    }

    /** Ends the definition before any expression is there: bytes are told apart whatever sets come. */
    void completeForAnyBytes() {
        for (int value = 0; value < ByteGroups.BYTES; value++) {
            BitSet one = new BitSet();
            one.set(value);
            groups().add(one);
        }
        complete();
    }
}
