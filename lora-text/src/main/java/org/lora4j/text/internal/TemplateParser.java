package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.internal.Lexer.Kind;
import org.lora4j.text.internal.Lexer.Token;
import org.lora4j.text.internal.Statement.Flow;

/** Parses the statements of a template. */
final class TemplateParser extends ExpressionParser {
    private static final int MOST_DEPTH = 100;

    private int depth;

    TemplateParser(List<Token> tokens) {
        super(tokens);
    }

    Statement template() {
        Statement all = body(Set.of());
        if (peek().kind() != Kind.END) {
            throw expected("the end of the template");
        }
        return all;
    }

    /** Statements up to one of these names, which stay to be read. */
    private Statement body(Set<String> ends) {
        if (++depth > MOST_DEPTH) {
            throw new JinjaException(peek().line(), "statements must be nested at most " + MOST_DEPTH + " deep");
        }
        List<Statement> statements = new ArrayList<>();
        while (peek().kind() != Kind.END) {
            Token token = next();
            if (token.kind() == Kind.TEXT) {
                statements.add(scope -> {
                    scope.write(token.text());
                    return Flow.NEXT;
                });
            } else if (token.kind() == Kind.OUTPUT) {
                Expression value = expression();
                require(Kind.OUTPUT_END, "");
                statements.add(scope -> {
                    scope.write(Values.text(value.value(scope), scope.budget));
                    return Flow.NEXT;
                });
            } else if (ends.contains(peek().text())) {
                depth--;
                return sequence(statements);
            } else {
                statements.add(statement());
            }
        }
        if (!ends.isEmpty()) {
            throw expected("one of " + ends);
        }
        depth--;
        return sequence(statements);
    }

    private static Statement sequence(List<Statement> statements) {
        return scope -> {
            for (Statement statement : statements) {
                scope.budget.step();
                Flow flow = statement.run(scope);
                if (flow != Flow.NEXT) {
                    return flow;
                }
            }
            return Flow.NEXT;
        };
    }

    private void endOfBlock() {
        require(Kind.BLOCK_END, "");
    }

    private Statement statement() {
        Token name = peek();
        switch (name()) {
            case "if" -> {
                return conditional();
            }
            case "for" -> {
                return loop();
            }
            case "set" -> {
                return assignment();
            }
            case "macro" -> {
                return macro();
            }
            case "generation" -> {
                return generation();
            }
            case "break" -> {
                endOfBlock();
                return scope -> Flow.BREAK;
            }
            case "continue" -> {
                endOfBlock();
                return scope -> Flow.CONTINUE;
            }
            default ->
                throw new JinjaException(
                        name.line(),
                        "the statements of chat templates are if, for, set, macro, generation, break and continue, found '"
                                + name.text() + "'");
        }
    }

    private Statement conditional() {
        Expression test = expression();
        endOfBlock();
        Statement then = body(Set.of("elif", "else", "endif"));
        Statement other = scope -> Flow.NEXT;
        String end = name();
        if (end.equals("elif")) {
            other = conditional();
        } else {
            if (end.equals("else")) {
                endOfBlock();
                other = body(Set.of("endif"));
                name();
            }
            endOfBlock();
        }
        Statement otherwise = other;
        return scope -> Values.isTrue(test.value(scope)) ? then.run(scope) : otherwise.run(scope);
    }

    private List<String> names() {
        List<String> names = new ArrayList<>(List.of(name()));
        while (operator(",")) {
            names.add(name());
        }
        return names;
    }

    private Statement loop() {
        List<String> names = names();
        require(Kind.NAME, "in");
        Expression list = or();
        Expression test = accept(Kind.NAME, "if") ? expression() : scope -> true;
        endOfBlock();
        Statement body = body(Set.of("else", "endfor"));
        Statement empty = scope -> Flow.NEXT;
        if (name().equals("else")) {
            endOfBlock();
            empty = body(Set.of("endfor"));
            name();
        }
        endOfBlock();
        return new Loop(names, list, test, body, empty);
    }

    private Statement assignment() {
        List<String> names = new ArrayList<>(List.of(name()));
        if (operator(".")) {
            String member = name();
            require(Kind.OPERATOR, "=");
            Expression value = expression();
            endOfBlock();
            return scope -> {
                if (!(scope.get(names.get(0)) instanceof Namespace namespace)) {
                    throw new JinjaException("set: only a namespace can be changed, found another value in " + names);
                }
                namespace.values().put(member, value.value(scope));
                return Flow.NEXT;
            };
        }
        while (operator(",")) {
            names.add(name());
        }
        if (operator("=")) {
            Expression value = expression();
            endOfBlock();
            return scope -> {
                Loop.assign(names, value.value(scope), scope);
                return Flow.NEXT;
            };
        }
        endOfBlock();
        Statement body = body(Set.of("endset"));
        name();
        endOfBlock();
        return scope -> {
            Scope captured = scope.captured();
            body.run(captured);
            scope.set(names.get(0), captured.out.toString());
            return Flow.NEXT;
        };
    }

    private Statement macro() {
        String name = name();
        Map<String, @Nullable Expression> parameters = new LinkedHashMap<>();
        require(Kind.OPERATOR, "(");
        while (!operator(")")) {
            String parameter = name();
            parameters.put(parameter, operator("=") ? expression() : null);
            if (!operator(",") && !peek().is(Kind.OPERATOR, ")")) {
                throw expected("')'");
            }
        }
        endOfBlock();
        Statement body = body(Set.of("endmacro"));
        name();
        endOfBlock();
        return scope -> {
            scope.set(name, (Callable) (arguments, named) -> call(scope, parameters, body, arguments, named));
            return Flow.NEXT;
        };
    }

    private static String call(
            Scope scope,
            Map<String, @Nullable Expression> parameters,
            Statement body,
            List<@Nullable Object> arguments,
            Map<String, @Nullable Object> named) {
        scope.budget.enter();
        Scope inner = scope.captured();
        int i = 0;
        for (Map.Entry<String, @Nullable Expression> parameter : parameters.entrySet()) {
            Expression byDefault = parameter.getValue();
            if (i < arguments.size()) {
                inner.set(parameter.getKey(), arguments.get(i));
            } else if (named.containsKey(parameter.getKey())) {
                inner.set(parameter.getKey(), named.get(parameter.getKey()));
            } else {
                inner.set(parameter.getKey(), byDefault == null ? Undefined.UNDEFINED : byDefault.value(inner));
            }
            i++;
        }
        body.run(inner);
        scope.budget.leave();
        return inner.out.toString();
    }

    private Statement generation() {
        endOfBlock();
        Statement body = body(Set.of("endgeneration"));
        name();
        endOfBlock();
        return scope -> {
            int from = scope.out.length();
            Flow flow = body.run(scope);
            if (scope.ranges != null) {
                scope.ranges.add(new int[] {from, scope.out.length()});
            }
            return flow;
        };
    }
}
