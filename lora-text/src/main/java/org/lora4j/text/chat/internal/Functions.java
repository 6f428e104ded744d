package org.lora4j.text.chat.internal;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The functions of chat templates: those of Jinja, and those that {@code transformers} adds. */
final class Functions {
    /** The limit of Jinja's sandbox. */
    private static final int MOST_NUMBERS = 100_000;

    private Functions() {}

    static void define(Scope scope, Clock clock) {
        define(scope, "raise_exception", "message", given -> {
            throw new JinjaException("the template refuses the conversation: " + given.written(0));
        });
        define(scope, "strftime_now", "format", given -> TimeFormat.write(given.text(0), clock, given.budget()));
        define(scope, "range", "start, stop=None, step=1, /", Functions::range);
        scope.set("namespace", (Callable) (passed, budget) -> {
            Namespace namespace = new Namespace();
            for (Dict.Entry entry : dict("namespace", passed, budget).entries()) {
                namespace.values().put(Printer.text(entry.key(), budget), entry.value());
            }
            return namespace;
        });
        scope.set("dict", (Callable) (passed, budget) -> dict("dict", passed, budget));
        for (String name : List.of("lipsum", "cycler", "joiner")) {
            scope.set(name, (Callable) (passed, budget) -> {
                throw new JinjaException("the functions of chat templates are raise_exception, strftime_now, range,"
                        + " namespace and dict, found '" + name + "'");
            });
        }
    }

    private interface Body {
        @Nullable
        Object of(CallArguments given);
    }

    private static void define(Scope scope, String name, String parameters, Body body) {
        Signature signature = Signature.of(parameters);
        scope.set(name, (Callable) (passed, budget) -> body.of(signature.bind(name, passed, budget)));
    }

    private static Sequence range(CallArguments given) {
        boolean isOne = given.passed().values().size() == 1;
        long from = isOne ? 0 : given.integer(0);
        long to = given.integer(isOne ? 0 : 1);
        long step = given.integer(2);
        if (step == 0) {
            throw new JinjaException("range: the step must not be 0");
        }
        long count = Math.max(0, (to - from + step - Long.signum(step)) / step);
        if (count > MOST_NUMBERS) {
            throw new JinjaException("range: must have at most " + MOST_NUMBERS + " numbers, found " + count);
        }
        given.budget().elements(count);
        List<@Nullable Object> numbers = new ArrayList<>((int) count);
        for (long i = 0; i < count; i++) {
            numbers.add(from + i * step);
        }
        return new Sequence(Sequence.Kind.RANGE, numbers);
    }

    private static Dict dict(String name, Passed passed, Budget budget) {
        Dict dict = new Dict();
        if (passed.values().size() > 1) {
            throw new JinjaException(name + ": must have at most 1 argument without a name, found "
                    + passed.values().size());
        }
        for (Object first : passed.values()) {
            if (first instanceof Dict other) {
                budget.elements(other.size());
                other.entries().forEach(entry -> dict.put(entry.key(), entry.value(), budget));
            } else if (first instanceof Undefined missing) {
                throw missing.error();
            } else {
                for (Object pair : Values.list(first, budget)) {
                    List<@Nullable Object> both = Values.list(pair, budget);
                    if (both.size() != 2) {
                        throw new JinjaException(name + ": must have pairs, found " + both.size() + " values");
                    }
                    dict.put(both.get(0), both.get(1), budget);
                }
            }
        }
        passed.named().forEach((key, value) -> dict.put(key, value, budget));
        return dict;
    }
}
