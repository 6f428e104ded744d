package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.internal.Shape.Others;
import org.lora4j.text.grammar.internal.Shape.PatternProperty;
import org.lora4j.text.grammar.internal.Shape.Some;

/** The texts of the objects of a shape: the properties that are named in their order, then others. */
final class ObjectForms {
    /** So many sets of names are told apart by patterns. */
    private static final int MOST_CLASSES = 64;

    private static final int MOST_SOME = 5;

    /** So many numbers of properties are told apart. */
    private static final int MOST_STATES = 50_000;

    private final Expressions all;
    private final JsonForms forms;
    private final SchemaRules rules;
    private final ShapeChecks checks;
    private final TextMatcher matcher;
    private final Function<List<Claim>, Expression> goal;
    private final BiFunction<List<Claim>, Spelling, Expression> contents;

    ObjectForms(
            Expressions all,
            JsonForms forms,
            SchemaRules rules,
            ShapeChecks checks,
            TextMatcher matcher,
            Function<List<Claim>, Expression> goal,
            BiFunction<List<Claim>, Spelling, Expression> contents) {
        this.all = all;
        this.forms = forms;
        this.rules = rules;
        this.checks = checks;
        this.matcher = matcher;
        this.goal = goal;
        this.contents = contents;
    }

    Expression of(Shape shape) {
        return new One(shape).object();
    }

    /** Names and what is said of their values. */
    private record NameClass(List<PatternProperty> fitting, List<PatternProperty> not, List<Claim> claims) {}

    /** One shape. */
    private final class One {
        private final Shape shape;
        private final List<String> names = new ArrayList<>();
        private final List<Some> some;

        /** Up to here properties are counted. */
        private final int counted;

        private final int min;
        private final boolean isBounded;
        private final Map<List<Integer>, Expression> known = new HashMap<>();
        private final Map<Integer, Expression> others = new HashMap<>();
        private @Nullable List<NameClass> classes;

        One(Shape shape) {
            this.shape = shape;
            some = List.copyOf(shape.some);
            if (some.size() > MOST_SOME) {
                throw SchemaNode.refuse(
                        some.get(0).place(),
                        "the contrary must be needed of at most " + MOST_SOME + " such keywords together",
                        null);
            }
            Set<String> all = new LinkedHashSet<>(shape.properties.keySet());
            all.addAll(shape.required);
            for (String name : all) {
                boolean isName =
                        shape.names.stream().allMatch(claim -> checks.fits(List.of(claim), TextNode.valueOf(name)));
                boolean isThere = isName && !claims(name).contains(Claim.NEVER);
                if (isThere || shape.required.contains(name)) {
                    names.add(name);
                }
            }
            boolean hasOthers = others(0) != ObjectForms.this.all.never();
            int max = !hasOthers && shape.maxProperties >= names.size() ? Repeat.UNBOUNDED : shape.maxProperties;
            min = shape.minProperties <= shape.required.size() ? 0 : shape.minProperties;
            counted = max < Repeat.UNBOUNDED ? max : Math.max(1, min);
            isBounded = max < Repeat.UNBOUNDED;
            if ((names.size() + 1L) * (counted + 1L) * (1L << some.size()) > MOST_STATES && counted > 1) {
                throw new IllegalArgumentException(
                        "JSON Schema: minProperties and maxProperties must tell apart at most "
                                + MOST_STATES + " numbers of properties, found " + (names.size() + 1L) * (counted + 1L)
                                + "; use smaller ones");
            }
        }

        private List<Claim> claims(String name) {
            return Claim.reduced(checks.claims(shape, name));
        }

        private boolean isClosed() {
            return rules.isClosed()
                    && shape.hasProperties
                    && shape.others.stream().allMatch(one -> one.additional() == null);
        }

        Expression object() {
            if (shape.maxProperties < Math.max(shape.minProperties, shape.required.size())) {
                return all.never();
            }
            if (isBounded && counted == 0) {
                return some.isEmpty() ? all.literal("{}") : all.never();
            }
            if (rules.isAnyOrder() && some.isEmpty()) {
                return all.sequence(all.literal("{"), inAnyOrder(), all.literal("}"));
            }
            int pending = (1 << some.size()) - 1;
            // From the end, so that nothing recurs along the names.
            for (int index = names.size(); index > 0; index--) {
                for (int count = Math.min(index, counted); count > 0; count--) {
                    for (int left = 0; left <= pending; left++) {
                        from(index, count, left);
                    }
                }
            }
            return all.sequence(all.literal("{"), from(0, 0, pending), all.literal("}"));
        }

        private Expression inAnyOrder() {
            List<Expression> pairs = new ArrayList<>();
            BitSet required = new BitSet();
            for (String name : names) {
                required.set(pairs.size(), shape.required.contains(name));
                pairs.add(pair(name, claims(name)));
            }
            int max = isBounded ? counted : Repeat.UNBOUNDED;
            return all.members(new MemberProperties(pairs, required, others(0), forms.comma(), min, max));
        }

        /** What may follow on the first names, of which some were used, and while some properties must still come. */
        private Expression from(int index, int count, int pending) {
            List<Integer> key = List.of(index, count, pending);
            Expression found = known.get(key);
            if (found == null) {
                found = index == names.size() ? end(count, pending) : compute(index, count, pending);
                known.put(key, found);
            }
            return found;
        }

        private int next(int count) {
            return count == counted && !isBounded ? count : count + 1;
        }

        private boolean isFull(int count) {
            return isBounded && count == counted;
        }

        private Expression lead(int count, Expression pair) {
            return count == 0 ? pair : all.concat(forms.comma(), pair);
        }

        private Expression compute(int from, int count, int pending) {
            // All names that can come first, so that no alternative is copied again and again.
            List<Expression> options = new ArrayList<>();
            for (int index = from; index < names.size(); index++) {
                all.effort().spend(1);
                String name = names.get(index);
                boolean isRequired = shape.required.contains(name);
                List<Expression> here = isFull(count) ? List.of() : pairs(index, count, pending);
                if (here.size() == 1 && next(count) == count && index == from) {
                    Expression rest = from(index + 1, count, pending);
                    Expression one = lead(count, pair(name, claims(name)));
                    return all.concat(isRequired ? one : all.optional(one), rest);
                }
                options.addAll(here);
                if (isRequired) {
                    return all.or(options);
                }
            }
            options.add(from(names.size(), count, pending));
            return all.or(options);
        }

        /** A property with what may follow, once for each set of those that it can be that must come. */
        private List<Expression> pairs(int index, int count, int pending) {
            String name = names.get(index);
            List<Expression> pairs = new ArrayList<>();
            for (int chosen = pending; chosen >= 0; chosen = chosen == 0 ? -1 : (chosen - 1) & pending) {
                List<Claim> claims = withChosen(claims(name), chosen);
                if (canBe(name, chosen)) {
                    Expression pair = lead(count, pair(name, claims));
                    pairs.add(all.concat(pair, from(index + 1, next(count), pending & ~chosen)));
                }
            }
            return pairs;
        }

        private boolean canBe(String name, int chosen) {
            for (int i = 0; i < some.size(); i++) {
                if ((chosen & 1 << i) != 0 && !checks.hasName(some.get(i), name)) {
                    return false;
                }
            }
            return true;
        }

        private List<Claim> withChosen(List<Claim> claims, int chosen) {
            List<Claim> more = new ArrayList<>(claims);
            for (int i = 0; i < some.size(); i++) {
                if ((chosen & 1 << i) != 0) {
                    more.add(some.get(i).value());
                }
            }
            return more;
        }

        private Expression pair(String name, List<Claim> claims) {
            return forms.pair(forms.string(forms.spelling().text(name)), goal.apply(claims));
        }

        /** Others, behind so many properties. */
        private Expression end(int count, int pending) {
            Expression pair = others(0);
            int missing = Math.max(0, min - count);
            if (pending == 0) {
                int more = isBounded ? counted - count : Repeat.UNBOUNDED;
                return count == 0
                        ? forms.elements(pair, missing, more)
                        : all.repeat(all.concat(forms.comma(), pair), missing, more);
            }
            if (isFull(count)) {
                return all.never();
            }
            List<Expression> options = new ArrayList<>();
            for (int chosen = pending; chosen > 0; chosen = (chosen - 1) & pending) {
                options.add(
                        all.concat(lead(count, others(chosen)), from(names.size(), next(count), pending & ~chosen)));
            }
            if (next(count) != count) {
                options.add(all.concat(lead(count, pair), from(names.size(), next(count), pending)));
                return all.or(options);
            }
            return all.concat(all.repeat(lead(count, pair), 0, Repeat.UNBOUNDED), all.or(options));
        }

        /** A property that is not named, which some keywords demand. */
        private Expression others(int chosen) {
            Expression found = others.get(chosen);
            if (found == null) {
                found = computeOthers(chosen);
                others.put(chosen, found);
            }
            return found;
        }

        private Expression computeOthers(int chosen) {
            Map<String, List<NameClass>> byValue = new LinkedHashMap<>();
            Map<String, List<Claim>> values = new HashMap<>();
            int kept = 0;
            for (NameClass one : classes()) {
                List<Claim> claims = Claim.reduced(withChosen(one.claims(), chosen));
                if (!claims.contains(Claim.NEVER)) {
                    byValue.computeIfAbsent(Claim.key(claims), key -> new ArrayList<>())
                            .add(one);
                    values.put(Claim.key(claims), claims);
                    kept++;
                }
            }
            List<Expression> pairs = new ArrayList<>();
            for (var entry : byValue.entrySet()) {
                boolean isAny = kept == classes().size() && byValue.size() == 1;
                Expression name = name(isAny ? List.of() : entry.getValue(), chosen, forms.spelling());
                pairs.add(forms.pair(forms.string(name), goal.apply(values.get(entry.getKey()))));
            }
            return all.or(pairs);
        }

        /** The names of some classes, of any if there are none, without those that have a place of their own. */
        private Expression name(List<NameClass> of, int chosen, Spelling spelling) {
            Expressions in = spelling.expressions();
            List<Expression> conditions = new ArrayList<>();
            List<Expression> options = new ArrayList<>();
            of.forEach(one -> options.add(patterns(one, spelling)));
            if (!options.isEmpty()) {
                conditions.add(in.or(options));
            }
            Set<String> taken = taken();
            if (!taken.isEmpty()) {
                conditions.add(in.not(spelling.oneOf(taken)));
            }
            if (!shape.names.isEmpty()) {
                conditions.add(contents.apply(shape.names, spelling));
            }
            for (int i = 0; i < some.size(); i++) {
                if ((chosen & 1 << i) != 0) {
                    conditions.addAll(conditions(some.get(i), spelling));
                }
            }
            if (conditions.isEmpty()) {
                return spelling.any();
            }
            conditions.add(spelling.any());
            return in.and(conditions);
        }

        private Set<String> taken() {
            Set<String> taken = new LinkedHashSet<>(shape.properties.keySet());
            taken.addAll(shape.required);
            return taken;
        }

        private List<Expression> conditions(Some one, Spelling spelling) {
            Expressions in = spelling.expressions();
            List<Expression> conditions = new ArrayList<>();
            PatternProperty pattern = one.pattern();
            if (pattern != null) {
                conditions.add(parsed(pattern, spelling));
            }
            if (!one.not().named().isEmpty()) {
                conditions.add(in.not(spelling.oneOf(one.not().named())));
            }
            one.not().patterns().forEach(not -> conditions.add(in.not(parsed(not, spelling))));
            Claim name = one.name();
            if (name != null) {
                conditions.add(contents.apply(List.of(name), spelling));
            }
            return conditions;
        }

        private Expression parsed(PatternProperty pattern, Spelling spelling) {
            return PatternParser.parse(spelling, pattern.pattern(), "JSON Schema, " + pattern.place());
        }

        private Expression patterns(NameClass of, Spelling spelling) {
            Expressions in = spelling.expressions();
            List<Expression> conditions = new ArrayList<>();
            of.fitting().forEach(one -> conditions.add(parsed(one, spelling)));
            of.not().forEach(one -> conditions.add(in.not(parsed(one, spelling))));
            return in.and(conditions);
        }

        /** The classes of names that fit the same patterns, without those that have no names. */
        private List<NameClass> classes() {
            List<NameClass> found = classes;
            if (found == null) {
                found = new ArrayList<>();
                if (!isClosed()
                        || shape.others.stream().anyMatch(one -> !one.patterns().isEmpty())) {
                    Map<String, PatternProperty> patterns = new LinkedHashMap<>();
                    shape.others.stream()
                            .filter(this::hasEffect)
                            .forEach(one -> one.patterns()
                                    .forEach(pattern -> patterns.putIfAbsent(pattern.pattern(), pattern)));
                    addClasses(new ArrayList<>(patterns.values()), new ArrayList<>(), new ArrayList<>(), found);
                }
                classes = found;
            }
            return found;
        }

        /** Whether others are not any anyway. */
        private boolean hasEffect(Others one) {
            Claim additional = one.additional();
            return !((additional == null ? !isClosed() : additional.isAlways())
                    && one.patterns().stream()
                            .allMatch(pattern -> pattern.value().isAlways()));
        }

        private void addClasses(
                List<PatternProperty> left,
                List<PatternProperty> fitting,
                List<PatternProperty> not,
                List<NameClass> to) {
            boolean isFirst = fitting.isEmpty() && not.isEmpty();
            if (!isFirst && matcher.isEmpty(patterns(new NameClass(fitting, not, List.of()), matcher))) {
                return;
            }
            if (left.isEmpty()) {
                to.add(new NameClass(List.copyOf(fitting), List.copyOf(not), claims(fitting)));
                if (to.size() > MOST_CLASSES) {
                    throw SchemaNode.refuse(
                            (fitting.isEmpty() ? not : fitting).get(0).place(),
                            "patterns must tell apart at most " + MOST_CLASSES + " sets of names",
                            null);
                }
                return;
            }
            PatternProperty next = left.get(0);
            List<PatternProperty> others = left.subList(1, left.size());
            for (List<PatternProperty> side : List.of(fitting, not)) {
                side.add(next);
                addClasses(others, fitting, not, to);
                side.remove(side.size() - 1);
            }
        }

        private Expression patterns(NameClass of, TextMatcher in) {
            Expressions texts = in.expressions();
            List<Expression> conditions = new ArrayList<>(List.of(in.spelling().any()));
            of.fitting().forEach(one -> conditions.add(in.pattern(one.pattern(), "JSON Schema, " + one.place())));
            of.not()
                    .forEach(
                            one -> conditions.add(texts.not(in.pattern(one.pattern(), "JSON Schema, " + one.place()))));
            return texts.and(conditions);
        }

        private List<Claim> claims(List<PatternProperty> fitting) {
            Set<String> patterns = new LinkedHashSet<>();
            fitting.forEach(one -> patterns.add(one.pattern()));
            List<Claim> claims = new ArrayList<>();
            for (Others one : shape.others) {
                boolean isFitting = false;
                for (PatternProperty pattern : one.patterns()) {
                    if (patterns.contains(pattern.pattern())) {
                        claims.add(pattern.value());
                        isFitting = true;
                    }
                }
                Claim additional = one.additional();
                if (!isFitting && additional != null) {
                    claims.add(additional);
                }
            }
            if (isClosed() && fitting.isEmpty()) {
                claims.add(Claim.NEVER);
            }
            return claims;
        }
    }
}
