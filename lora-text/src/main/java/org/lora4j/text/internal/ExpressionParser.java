package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.internal.Lexer.Kind;
import org.lora4j.text.internal.Lexer.Token;

/** Parses expressions; each level of precedence is a method. */
class ExpressionParser {
    private static final int MOST_DEPTH = 200;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

    private final List<Token> tokens;
    private int position;
    private int depth;

    ExpressionParser(List<Token> tokens) {
        this.tokens = tokens;
    }

    final Token peek() {
        return tokens.get(position);
    }

    final Token next() {
        return tokens.get(position++);
    }

    final boolean accept(Kind kind, String text) {
        if (peek().is(kind, text)) {
            position++;
            return true;
        }
        return false;
    }

    final boolean operator(String text) {
        return accept(Kind.OPERATOR, text);
    }

    final void require(Kind kind, String text) {
        if (!accept(kind, text)) {
            throw expected(text.isEmpty() ? kind.name() : "'" + text + "'");
        }
    }

    final String name() {
        if (peek().kind() != Kind.NAME) {
            throw expected("a name");
        }
        return next().text();
    }

    final JinjaException expected(String what) {
        return new JinjaException(peek().line(), "must have " + what + ", found '" + peek().text() + "'");
    }

    final Expression expression() {
        if (++depth > MOST_DEPTH) {
            throw new JinjaException(peek().line(), "expressions must be nested at most " + MOST_DEPTH + " deep");
        }
        Expression value = or();
        if (accept(Kind.NAME, "if")) {
            Expression then = value;
            Expression test = or();
            Expression other = accept(Kind.NAME, "else") ? expression() : scope -> Undefined.UNDEFINED;
            value = scope -> Values.isTrue(test.value(scope)) ? then.value(scope) : other.value(scope);
        }
        depth--;
        return value;
    }

    /** An expression without {@code if}, which follows on the list of a loop. */
    final Expression or() {
        Expression left = and();
        while (accept(Kind.NAME, "or")) {
            Expression first = left;
            Expression second = and();
            left = scope -> {
                Object value = first.value(scope);
                return Values.isTrue(value) ? value : second.value(scope);
            };
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (accept(Kind.NAME, "and")) {
            Expression first = left;
            Expression second = not();
            left = scope -> {
                Object value = first.value(scope);
                return Values.isTrue(value) ? second.value(scope) : value;
            };
        }
        return left;
    }

    private Expression not() {
        boolean negated = false;
        while (accept(Kind.NAME, "not")) {
            negated = !negated;
            if (!peek().is(Kind.NAME, "not")) {
                Expression value = comparison();
                boolean odd = negated;
                return scope -> Values.isTrue(value.value(scope)) != odd;
            }
        }
        return comparison();
    }

    private Expression comparison() {
        Expression left = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> operands = new ArrayList<>(List.of(left));
        while (true) {
            if (peek().kind() == Kind.OPERATOR && COMPARISONS.contains(peek().text())) {
                operators.add(next().text());
            } else if (accept(Kind.NAME, "in")) {
                operators.add("in");
            } else if (peek().is(Kind.NAME, "not") && tokens.get(position + 1).is(Kind.NAME, "in")) {
                position += 2;
                operators.add("not in");
            } else {
                break;
            }
            operands.add(sum());
        }
        return operators.isEmpty()
                ? left
                : scope -> {
                    Object value = operands.get(0).value(scope);
                    for (int i = 0; i < operators.size(); i++) {
                        Object other = operands.get(i + 1).value(scope);
                        if (!Operators.compare(operators.get(i), value, other, scope.budget)) {
                            return false;
                        }
                        value = other;
                    }
                    return true;
                };
    }

    private Expression sum() {
        Expression left = concatenation();
        while (peek().is(Kind.OPERATOR, "+") || peek().is(Kind.OPERATOR, "-")) {
            left = binary(next().text(), left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        Expression left = product();
        while (operator("~")) {
            left = binary("~", left, product());
        }
        return left;
    }

    private Expression product() {
        Expression left = unary();
        while (peek().kind() == Kind.OPERATOR && Set.of("*", "/", "//", "%").contains(peek().text())) {
            left = binary(next().text(), left, unary());
        }
        return left;
    }

    private static Expression binary(String operator, Expression a, Expression b) {
        return scope -> {
            scope.budget.step();
            return Operators.arithmetic(operator, a.value(scope), b.value(scope), scope.budget);
        };
    }

    private Expression unary() {
        boolean minus = false;
        while (peek().is(Kind.OPERATOR, "-") || peek().is(Kind.OPERATOR, "+")) {
            minus ^= next().text().equals("-");
        }
        Expression value = filtered(postfix(primary()));
        if (operator("**")) {
            value = binary("**", value, filtered(postfix(primary())));
        }
        return minus ? binary("-", scope -> 0L, value) : value;
    }

    private Expression filtered(Expression given) {
        Expression value = given;
        while (true) {
            if (operator("|")) {
                value = filter(value);
            } else if (accept(Kind.NAME, "is")) {
                value = test(value);
            } else {
                return value;
            }
        }
    }

    private Expression filter(Expression value) {
        String name = name();
        Arguments arguments = peek().is(Kind.OPERATOR, "(") ? arguments() : Arguments.NONE;
        Filters.requireKnown(name, peek().line());
        return scope -> {
            scope.budget.step();
            return Filters.apply(name, value.value(scope), arguments.positional(scope), arguments.named(scope), scope);
        };
    }

    private Expression test(Expression value) {
        boolean negated = accept(Kind.NAME, "not");
        String name = name();
        Arguments arguments = Arguments.NONE;
        if (peek().is(Kind.OPERATOR, "(")) {
            arguments = arguments();
        } else if (peek().kind() == Kind.STRING || peek().kind() == Kind.NUMBER) {
            arguments = new Arguments(List.of(primary()), Map.of());
        }
        Tests.requireKnown(name, peek().line());
        Arguments given = arguments;
        return scope -> {
            scope.budget.step();
            return Tests.holds(name, value.value(scope), given.positional(scope), scope.budget) != negated;
        };
    }

    private Expression postfix(Expression given) {
        Expression value = given;
        while (true) {
            Expression of = value;
            if (operator(".")) {
                String name = peek().kind() == Kind.NUMBER ? next().text() : name();
                value = peek().is(Kind.OPERATOR, "(") ? method(of, name) : attribute(of, name);
            } else if (operator("[")) {
                value = bracket(of);
            } else if (peek().is(Kind.OPERATOR, "(")) {
                Arguments arguments = arguments();
                value = scope -> call(of.value(scope), arguments, scope);
            } else {
                return value;
            }
        }
    }

    private static Expression attribute(Expression of, String name) {
        return scope -> {
            scope.budget.step();
            return Operators.element(of.value(scope), name);
        };
    }

    private Expression method(Expression of, String name) {
        Arguments arguments = arguments();
        return scope -> {
            scope.budget.step();
            Object object = of.value(scope);
            if (object instanceof Map || object instanceof Namespace) {
                Object member = Operators.element(object, name);
                if (member instanceof Callable) {
                    return call(member, arguments, scope);
                }
            }
            return Methods.call(name, object, arguments.positional(scope), scope.budget);
        };
    }

    private static @Nullable Object call(@Nullable Object function, Arguments arguments, Scope scope) {
        scope.budget.step();
        if (function instanceof Callable callable) {
            return callable.call(arguments.positional(scope), arguments.named(scope));
        }
        throw new JinjaException(
                "a template can call its macros and the functions of chat templates, found another value");
    }

    private Expression bracket(Expression of) {
        Expression nothing = scope -> null;
        Expression from = peek().is(Kind.OPERATOR, ":") ? nothing : expression();
        if (operator("]")) {
            return scope -> {
                scope.budget.step();
                return Operators.element(of.value(scope), from.value(scope));
            };
        }
        require(Kind.OPERATOR, ":");
        Expression to = peek().is(Kind.OPERATOR, ":") || peek().is(Kind.OPERATOR, "]") ? nothing : expression();
        Expression step = operator(":") && !peek().is(Kind.OPERATOR, "]") ? expression() : nothing;
        require(Kind.OPERATOR, "]");
        return scope ->
                Operators.slice(of.value(scope), from.value(scope), to.value(scope), step.value(scope), scope.budget);
    }

    /** What is between the brackets of a call. */
    record Arguments(List<Expression> values, Map<String, Expression> names) {
        static final Arguments NONE = new Arguments(List.of(), Map.of());

        List<@Nullable Object> positional(Scope scope) {
            List<@Nullable Object> result = new ArrayList<>();
            values.forEach(value -> result.add(value.value(scope)));
            return result;
        }

        Map<String, @Nullable Object> named(Scope scope) {
            Map<String, @Nullable Object> result = new LinkedHashMap<>();
            names.forEach((name, value) -> result.put(name, value.value(scope)));
            return result;
        }
    }

    private Arguments arguments() {
        require(Kind.OPERATOR, "(");
        List<Expression> values = new ArrayList<>();
        Map<String, Expression> names = new LinkedHashMap<>();
        while (!operator(")")) {
            if (peek().kind() == Kind.NAME && tokens.get(position + 1).is(Kind.OPERATOR, "=")) {
                String name = name();
                require(Kind.OPERATOR, "=");
                names.put(name, expression());
            } else {
                values.add(expression());
            }
            if (!operator(",") && !peek().is(Kind.OPERATOR, ")")) {
                throw expected("')'");
            }
        }
        return new Arguments(values, names);
    }

    private Expression primary() {
        Token token = next();
        switch (token.kind()) {
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (peek().kind() == Kind.STRING) {
                    text.append(next().text());
                }
                String all = text.toString();
                return scope -> all;
            }
            case NUMBER -> {
                Object number = number(token);
                return scope -> number;
            }
            case NAME -> {
                return named(token.text());
            }
            case OPERATOR -> {
                if (token.text().equals("(")) {
                    return bracketed();
                }
                if (token.text().equals("[")) {
                    return list(elements("]"));
                }
                if (token.text().equals("{")) {
                    return map();
                }
            }
            default -> {}
        }
        position--;
        throw expected("a value");
    }

    private static Object number(Token token) {
        try {
            return token.text().contains(".")
                    ? (Object) Double.valueOf(token.text())
                    : (Object) Long.valueOf(token.text());
        } catch (NumberFormatException e) {
            throw new JinjaException(token.line(), "must be a number, found " + token.text());
        }
    }

    private static Expression named(String name) {
        return switch (name) {
            case "true", "True" -> scope -> true;
            case "false", "False" -> scope -> false;
            case "none", "None" -> scope -> null;
            default ->
                scope -> {
                    scope.budget.step();
                    return scope.get(name);
                };
        };
    }

    private Expression bracketed() {
        if (operator(")")) {
            return list(List.of());
        }
        Expression first = expression();
        if (operator(")")) {
            return first;
        }
        require(Kind.OPERATOR, ",");
        List<Expression> all = new ArrayList<>(List.of(first));
        all.addAll(elements(")"));
        return list(all);
    }

    private List<Expression> elements(String end) {
        List<Expression> elements = new ArrayList<>();
        while (!operator(end)) {
            elements.add(expression());
            if (!operator(",") && !peek().is(Kind.OPERATOR, end)) {
                throw expected("'" + end + "'");
            }
        }
        return elements;
    }

    private static Expression list(List<Expression> elements) {
        return scope -> {
            scope.budget.steps(elements.size());
            List<@Nullable Object> values = new ArrayList<>();
            elements.forEach(element -> values.add(element.value(scope)));
            return values;
        };
    }

    private Expression map() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!operator("}")) {
            keys.add(expression());
            require(Kind.OPERATOR, ":");
            values.add(expression());
            if (!operator(",") && !peek().is(Kind.OPERATOR, "}")) {
                throw expected("'}'");
            }
        }
        return scope -> {
            scope.budget.steps(keys.size());
            Map<Object, @Nullable Object> map = new LinkedHashMap<>();
            for (int i = 0; i < keys.size(); i++) {
                map.put(
                        Values.requireKey(keys.get(i).value(scope)),
                        values.get(i).value(scope));
            }
            return map;
        };
    }
}
