package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.internal.Expression.Step;
import org.lora4j.text.chat.internal.Token.Kind;

/** Parses expressions; each level of precedence is a method. */
class ExpressionParser extends Parser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");
    private static final Set<String> SUMS = Set.of("+", "-");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

    /** Filters and tests that are not known. In a conditional part they are looked up when they are used, as Jinja does. */
    final List<JinjaException> unknown = new ArrayList<>();

    ExpressionParser(List<Token> tokens) {
        super(tokens);
    }

    /** One expression, or several with commas between them, which are a tuple. */
    final Expression tuple(boolean withCondition) {
        return tuple(withCondition, false);
    }

    private Expression tuple(boolean withCondition, boolean bracketed) {
        List<Expression> elements = new ArrayList<>();
        boolean isTuple = false;
        while (!isTupleEnd()) {
            elements.add(withCondition ? expression() : or());
            if (!operator(",")) {
                break;
            }
            isTuple = true;
        }
        if (elements.isEmpty() && !bracketed) {
            throw expected("a value");
        }
        return elements.size() == 1 && !isTuple ? elements.get(0) : sequence(Sequence.Kind.TUPLE, elements);
    }

    private boolean isTupleEnd() {
        Kind kind = peek().kind();
        return kind == Kind.OUTPUT_END || kind == Kind.BLOCK_END || isOperator(")");
    }

    final Expression expression() {
        enter();
        int before = unknown.size();
        Expression value = or();
        while (keyword("if")) {
            Expression then = value;
            Expression test = or();
            Expression other = keyword("else")
                    ? expression()
                    : scope -> new Undefined("the condition of an 'if' without 'else' is false");
            value = scope -> Values.isTrue(test.value(scope)) ? then.value(scope) : other.value(scope);
            unknown.subList(before, unknown.size()).clear();
        }
        leave();
        return value;
    }

    private Expression or() {
        List<Expression> operands = new ArrayList<>(List.of(and()));
        while (keyword("or")) {
            operands.add(and());
        }
        return operands.size() == 1 ? operands.get(0) : new Expression.Logical(true, operands);
    }

    private Expression and() {
        List<Expression> operands = new ArrayList<>(List.of(not()));
        while (keyword("and")) {
            operands.add(not());
        }
        return operands.size() == 1 ? operands.get(0) : new Expression.Logical(false, operands);
    }

    private Expression not() {
        boolean negated = false;
        boolean found = false;
        while (keyword("not")) {
            negated = !negated;
            found = true;
        }
        Expression value = comparison();
        boolean odd = negated;
        return found ? scope -> Values.isTrue(value.value(scope)) != odd : value;
    }

    private Expression comparison() {
        List<Expression> operands = new ArrayList<>(List.of(sum()));
        List<String> operators = new ArrayList<>();
        while (true) {
            if (peek().kind() == Kind.OPERATOR && COMPARISONS.contains(peek().text())) {
                operators.add(next().text());
            } else if (keyword("in")) {
                operators.add("in");
            } else if (peek().is(Kind.NAME, "not") && second().is(Kind.NAME, "in")) {
                next();
                next();
                operators.add("not in");
            } else {
                break;
            }
            operands.add(sum());
        }
        return operators.isEmpty() ? operands.get(0) : new Expression.Comparison(operands, operators);
    }

    private Expression sum() {
        List<Expression> operands = new ArrayList<>(List.of(concatenation()));
        List<String> operators = new ArrayList<>();
        while (peek().kind() == Kind.OPERATOR && SUMS.contains(peek().text())) {
            operators.add(next().text());
            operands.add(concatenation());
        }
        return operators.isEmpty() ? operands.get(0) : new Expression.Arithmetic(operands, operators);
    }

    private Expression concatenation() {
        List<Expression> operands = new ArrayList<>(List.of(product()));
        while (operator("~")) {
            operands.add(product());
        }
        return operands.size() == 1 ? operands.get(0) : new Expression.Concatenation(operands);
    }

    private Expression product() {
        List<Expression> operands = new ArrayList<>(List.of(power()));
        List<String> operators = new ArrayList<>();
        while (peek().kind() == Kind.OPERATOR && PRODUCTS.contains(peek().text())) {
            operators.add(next().text());
            operands.add(power());
        }
        return operators.isEmpty() ? operands.get(0) : new Expression.Arithmetic(operands, operators);
    }

    /** From the left, as Jinja computes it, and after the sign: {@code -2**2} is 4. */
    private Expression power() {
        List<Expression> operands = new ArrayList<>(List.of(unary(true)));
        List<String> operators = new ArrayList<>();
        while (operator("**")) {
            operators.add("**");
            operands.add(unary(true));
        }
        return operators.isEmpty() ? operands.get(0) : new Expression.Arithmetic(operands, operators);
    }

    private Expression unary(boolean withFilter) {
        enter();
        Expression value;
        if (operator("-")) {
            Expression positive = unary(false);
            value = scope -> {
                scope.budget.operation();
                return Numbers.negative(positive.value(scope));
            };
        } else if (operator("+")) {
            Expression same = unary(false);
            value = scope -> Operators.binary("+", 0L, same.value(scope), scope.budget);
        } else {
            value = primary();
        }
        List<Step> steps = new ArrayList<>();
        postfix(steps);
        if (withFilter) {
            filters(steps);
        }
        leave();
        return steps.isEmpty() ? value : new Expression.Path(value, steps);
    }

    private void postfix(List<Step> steps) {
        while (true) {
            if (operator(".")) {
                steps.add(member());
            } else if (operator("[")) {
                steps.add(bracket());
            } else if (isOperator("(")) {
                steps.add(new Call(arguments()));
            } else {
                return;
            }
        }
    }

    private Step member() {
        if (peek().kind() == Kind.NUMBER && Numbers.isWhole(peek().number())) {
            Object index = next().number();
            return (value, scope) -> Attributes.bracket(value, index, scope.budget);
        }
        String name = name();
        return (value, scope) -> Attributes.dot(value, name, scope.budget);
    }

    private Step bracket() {
        Expression from = isOperator(":") ? scope -> null : expression();
        if (operator("]")) {
            return (value, scope) -> Attributes.bracket(value, from.value(scope), scope.budget);
        }
        if (isOperator(",")) {
            throw expected("one index");
        }
        require(Kind.OPERATOR, ":");
        Expression to = isOperator(":") || isOperator("]") ? scope -> null : expression();
        Expression step = operator(":") && !isOperator("]") ? expression() : scope -> null;
        require(Kind.OPERATOR, "]");
        return (value, scope) ->
                Attributes.slice(value, from.value(scope), to.value(scope), step.value(scope), scope.budget);
    }

    private void filters(List<Step> steps) {
        while (true) {
            if (isOperator("|")) {
                next();
                steps.add(filter());
            } else if (keyword("is")) {
                steps.add(test());
            } else if (isOperator("(")) {
                steps.add(new Call(arguments()));
            } else {
                return;
            }
        }
    }

    final Step filter() {
        int line = peek().line();
        String name = dottedName();
        Arguments arguments = isOperator("(") ? arguments() : Arguments.NONE;
        if (!Filters.isKnown(name)) {
            unknown.add(new JinjaException(line, Filters.refusal(name)));
        }
        return (value, scope) -> Filters.require(name).call(name, value, arguments.passed(scope), scope.budget);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(name());
        while (operator(".")) {
            name.append('.').append(name());
        }
        return name.toString();
    }

    private Step test() {
        boolean negated = keyword("not");
        int line = peek().line();
        String name = dottedName();
        Arguments arguments = Arguments.NONE;
        if (isOperator("(")) {
            arguments = arguments();
        } else if (isArgument()) {
            Expression first = primary();
            List<Step> steps = new ArrayList<>();
            postfix(steps);
            arguments = new Arguments(List.of(new Expression.Path(first, steps)), Map.of(), null, null);
        }
        if (!Tests.isKnown(name)) {
            unknown.add(new JinjaException(line, Tests.refusal(name)));
        }
        Arguments given = arguments;
        return (value, scope) ->
                Values.isTrue(Tests.require(name).call(name, value, given.passed(scope), scope.budget)) != negated;
    }

    /** Whether an argument without brackets follows on the name of a test. */
    private boolean isArgument() {
        return switch (peek().kind()) {
            case STRING, NUMBER -> true;
            case NAME -> {
                if (peek().text().equals("is")) {
                    throw expected("one test");
                }
                yield !Set.of("else", "or", "and").contains(peek().text());
            }
            default -> isOperator("[") || isOperator("{");
        };
    }

    private Arguments arguments() {
        require(Kind.OPERATOR, "(");
        List<Expression> values = new ArrayList<>();
        Map<String, Expression> names = new LinkedHashMap<>();
        Expression list = null;
        Expression map = null;
        while (!operator(")")) {
            if (map == null && operator("**")) {
                map = expression();
            } else if (map == null && list == null && operator("*")) {
                list = expression();
            } else if (map == null && peek().kind() == Kind.NAME && second().is(Kind.OPERATOR, "=")) {
                String name = name();
                next();
                if (names.put(name, expression()) != null) {
                    throw expected("the argument '" + name + "' once");
                }
            } else if (map == null && list == null && names.isEmpty()) {
                values.add(expression());
            } else {
                throw expected("arguments without a name before those with a name");
            }
            if (!operator(",") && !isOperator(")")) {
                throw expected("')'");
            }
        }
        return new Arguments(values, names, list, map);
    }

    private Expression primary() {
        Token token = peek();
        switch (token.kind()) {
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (peek().kind() == Kind.STRING) {
                    text.append(next().text());
                }
                String all = text.toString();
                return scope -> all;
            }
            case NUMBER -> {
                next();
                return scope -> token.number();
            }
            case NAME -> {
                next();
                return named(token.text());
            }
            default -> {
                return bracketed();
            }
        }
    }

    Expression named(String name) {
        return switch (name) {
            case "true", "True" -> scope -> true;
            case "false", "False" -> scope -> false;
            case "none", "None" -> scope -> null;
            default ->
                scope -> {
                    scope.budget.operation();
                    return scope.get(name);
                };
        };
    }

    private Expression bracketed() {
        if (operator("(")) {
            enter();
            Expression value = tuple(true, true);
            leave();
            require(Kind.OPERATOR, ")");
            return value;
        }
        if (operator("[")) {
            return sequence(Sequence.Kind.LIST, elements());
        }
        if (operator("{")) {
            return map();
        }
        throw expected("a value");
    }

    private List<Expression> elements() {
        List<Expression> elements = new ArrayList<>();
        while (!operator("]")) {
            elements.add(expression());
            if (!operator(",") && !isOperator("]")) {
                throw expected("']'");
            }
        }
        return elements;
    }

    private static Expression sequence(Sequence.Kind kind, List<Expression> elements) {
        return scope -> {
            scope.budget.elements(elements.size());
            List<@Nullable Object> values = new ArrayList<>(elements.size());
            elements.forEach(element -> values.add(element.value(scope)));
            return new Sequence(kind, values);
        };
    }

    private Expression map() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!operator("}")) {
            keys.add(expression());
            require(Kind.OPERATOR, ":");
            values.add(expression());
            if (!operator(",") && !isOperator("}")) {
                throw expected("'}'");
            }
        }
        return scope -> {
            scope.budget.elements(keys.size() * 2L);
            Dict map = new Dict();
            for (int i = 0; i < keys.size(); i++) {
                map.put(keys.get(i).value(scope), values.get(i).value(scope), scope.budget);
            }
            return map;
        };
    }
}
