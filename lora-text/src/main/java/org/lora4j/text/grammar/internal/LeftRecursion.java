package org.lora4j.text.grammar.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.MessageText;

/** Finds rules that begin with themselves, whose derivatives would not end, and rules that are nested too deep for the stack. */
final class LeftRecursion {
    static final int MOST_DEPTH = 600;

    /** How deep each rule is that was checked. */
    private final Map<Rule, Integer> depths = new HashMap<>();

    private final Set<Rule> open = new LinkedHashSet<>();

    void check(Collection<Rule> rules) {
        rules.forEach(this::depth);
    }

    private int depth(Rule rule) {
        Integer known = depths.get(rule);
        if (known != null) {
            return known;
        }
        if (!open.add(rule)) {
            List<String> circle = new ArrayList<>(open.stream().map(Rule::name).toList());
            circle = circle.subList(circle.indexOf(rule.name()), circle.size());
            throw new IllegalArgumentException(
                    "grammar: no rule may begin with itself, found " + MessageText.list(circle)
                            + (circle.size() == 1
                                    ? ", which does"
                                    : ", of which each begins with the next and the last with the first")
                            + "; let a rule begin with text");
        }
        int most = 0;
        for (Rule next : first(rule.body())) {
            if (open.size() > MOST_DEPTH) {
                throw tooDeep();
            }
            most = Math.max(most, depth(next));
        }
        open.remove(rule);
        int depth = most + rule.body().depth;
        if (depth > MOST_DEPTH) {
            throw tooDeep();
        }
        depths.put(rule, depth);
        return depth;
    }

    static IllegalArgumentException tooDeep() {
        return new IllegalArgumentException(
                "grammar: groups and rules that begin with other rules must be nested at most " + MOST_DEPTH
                        + " deep, found more; use fewer");
    }

    /** The rules that a text of an expression can begin with. */
    private static Set<Rule> first(Expression of) {
        Set<Rule> rules = new LinkedHashSet<>();
        Set<Expression> seen = new HashSet<>();
        Deque<Expression> open = new ArrayDeque<>(List.of(of));
        while (!open.isEmpty()) {
            Expression at = open.remove();
            at.all.effort().spend(1);
            if (at.isRegular || !seen.add(at)) {
                continue;
            }
            if (at instanceof Reference reference) {
                rules.add(reference.rule);
            } else if (at instanceof Or or) {
                at.all.effort().spend(or.options.size());
                open.addAll(or.options);
            } else if (at instanceof Repeat repeat) {
                open.add(repeat.part);
            } else if (at instanceof Concat concat) {
                open.add(concat.first);
                if (concat.first.isNullable()) {
                    open.add(concat.rest);
                }
            }
        }
        return rules;
    }
}
