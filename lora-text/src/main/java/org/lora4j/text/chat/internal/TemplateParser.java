package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.lora4j.text.chat.internal.Statement.Flow;
import org.lora4j.text.chat.internal.Token.Kind;

/** Parses the statements of a template. */
final class TemplateParser extends ExpressionParser {
    private static final Set<String> SPECIAL = Set.of("varargs", "kwargs", "caller");
    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

    private final Frame root = new Frame(null);
    private final List<Frame> frames = new ArrayList<>(List.of(root));
    private Frame frame = root;
    private Set<String> special = new HashSet<>();
    private int loops;
    private boolean marksGeneration;

    TemplateParser(List<Token> tokens) {
        super(tokens);
    }

    Statement template() {
        Statement all = root.of(body(Set.of()));
        frames.forEach(Frame::close);
        if (!unknown.isEmpty()) {
            throw unknown.get(0);
        }
        return all;
    }

    /** Whether there is a part that is marked with {@code generation}. */
    boolean marksGeneration() {
        return marksGeneration;
    }

    private Frame beginFrame(Frame outer) {
        Frame inner = new Frame(outer);
        frames.add(inner);
        return inner;
    }

    /** A block with names of its own; some of them have values before it runs. */
    private Statement framed(Consumer<Frame> declare, Supplier<Statement> block) {
        Frame outer = frame;
        frame = beginFrame(outer);
        declare.accept(frame);
        Statement body = frame.of(block.get());
        frame = outer;
        return body;
    }

    private Statement framed(Supplier<Statement> block) {
        return framed(inner -> {}, block);
    }

    /** Statements up to one of these names, which stay to be read. */
    private Statement body(Set<String> ends) {
        enter();
        List<Statement> statements = new ArrayList<>();
        while (peek().kind() != Kind.END) {
            Token token = next();
            if (token.kind() == Kind.TEXT) {
                statements.add(scope -> {
                    scope.out.write(token.text());
                    return Flow.NEXT;
                });
            } else if (token.kind() == Kind.OUTPUT) {
                statements.add(output(tuple(true)));
                require(Kind.OUTPUT_END, "");
            } else if (peek().kind() == Kind.NAME && ends.contains(peek().text())) {
                leave();
                return sequence(statements);
            } else {
                statements.add(statement());
                require(Kind.BLOCK_END, "");
            }
        }
        if (!ends.isEmpty()) {
            throw expected("one of " + ends);
        }
        leave();
        return sequence(statements);
    }

    private static Statement output(Expression value) {
        return scope -> {
            scope.out.write(Printer.text(value.value(scope), scope.budget));
            return Flow.NEXT;
        };
    }

    private static Statement sequence(List<Statement> statements) {
        return scope -> {
            for (Statement statement : statements) {
                scope.budget.operation();
                Flow flow = statement.run(scope);
                if (flow != Flow.NEXT) {
                    return flow;
                }
            }
            return Flow.NEXT;
        };
    }

    /** The rest of a tag that begins a block, and the block up to one of these names. */
    private Statement block(String... ends) {
        operator(":");
        require(Kind.BLOCK_END, "");
        return body(Set.of(ends));
    }

    /** A block up to its end, which is read. */
    private Statement wholeBlock(String end) {
        Statement body = block(end);
        next();
        return body;
    }

    private Statement statement() {
        int line = peek().line();
        String name = name();
        return switch (name) {
            case "if" -> conditional();
            case "for" -> loop();
            case "set" -> assignment();
            case "macro" -> macro();
            case "call" -> call();
            case "filter" -> filtered();
            case "with" -> with();
            case "print" -> print();
            case "generation" -> generation();
            case "break", "continue" -> jump(name.equals("break") ? Flow.BREAK : Flow.CONTINUE);
            default ->
                throw new JinjaException(
                        line,
                        "the statements of chat templates are if, for, set, macro, call, filter, with, print, raw,"
                                + " generation, break and continue, found '" + name + "'");
        };
    }

    private Statement jump(Flow flow) {
        if (loops == 0) {
            throw expected("break and continue in a loop");
        }
        return scope -> flow;
    }

    private Statement conditional() {
        int before = unknown.size();
        frame.beginBranch();
        List<Expression> tests = new ArrayList<>();
        List<Statement> bodies = new ArrayList<>();
        do {
            tests.add(tuple(false));
            bodies.add(block("elif", "else", "endif"));
        } while (keyword("elif"));
        if (next().text().equals("else")) {
            tests.add(scope -> true);
            bodies.add(wholeBlock("endif"));
        }
        unknown.subList(before, unknown.size()).clear();
        frame.endBranch();
        return scope -> {
            for (int i = 0; i < tests.size(); i++) {
                scope.budget.operation();
                if (Values.isTrue(tests.get(i).value(scope))) {
                    return bodies.get(i).run(scope);
                }
            }
            return Flow.NEXT;
        };
    }

    private Target target(boolean withMember) {
        enter();
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        do {
            if (several
                    && (peek().kind() == Kind.BLOCK_END
                            || isOperator("=")
                            || isOperator(")")
                            || peek().is(Kind.NAME, "in"))) {
                break;
            }
            if (operator("(")) {
                targets.add(target(withMember));
                require(Kind.OPERATOR, ")");
            } else {
                String name = name();
                if (CONSTANTS.contains(name)) {
                    throw expected("a name to set before this, not " + name);
                }
                targets.add(withMember && operator(".") ? new Target.Member(name, name()) : new Target.Name(name));
            }
            several |= isOperator(",");
        } while (operator(","));
        leave();
        return several ? new Target.Several(targets) : targets.get(0);
    }

    private Statement loop() {
        Target target = target(false);
        require(Kind.NAME, "in");
        Expression list = tuple(false);
        Frame outer = frame;
        frame = beginFrame(outer);
        Expression test = keyword("if") ? expression() : null;
        frame = outer;
        if (peek().is(Kind.NAME, "recursive")) {
            throw expected("a loop that is not recursive; use a macro that calls itself");
        }
        loops++;
        Statement body = framed(
                inner -> {
                    inner.read("loop");
                    readAll(target, inner);
                },
                () -> block("else", "endfor"));
        loops--;
        Statement otherwise = next().text().equals("else") ? framed(() -> wholeBlock("endfor")) : null;
        return new Loop(target, list, test, body, otherwise);
    }

    /** Names that have a value when a block begins. */
    private static void readAll(Target target, Frame inner) {
        inner.beginBranch();
        target.declare(inner);
        inner.endBranch();
    }

    private Statement assignment() {
        Target target = target(true);
        if (operator("=")) {
            Expression value = tuple(true);
            target.declare(frame);
            return scope -> {
                target.set(value.value(scope), scope);
                return Flow.NEXT;
            };
        }
        List<Expression.Step> filters = operator("|") ? filters() : List.of();
        target.declare(frame);
        return new Capture(framed(() -> wholeBlock("endset")), filters, target::set);
    }

    private List<Expression.Step> filters() {
        List<Expression.Step> filters = new ArrayList<>();
        do {
            filters.add(filter());
        } while (operator("|"));
        return filters;
    }

    private Statement filtered() {
        List<Expression.Step> filters = filters();
        return new Capture(framed(() -> wholeBlock("endfilter")), filters, (value, scope) -> {
            if (!(value instanceof String text)) {
                throw Values.wrong("a text that the filters of a block return", value);
            }
            scope.out.write(text);
        });
    }

    private Statement with() {
        Map<Target, Expression> values = new LinkedHashMap<>();
        while (peek().kind() != Kind.BLOCK_END) {
            if (!values.isEmpty()) {
                require(Kind.OPERATOR, ",");
            }
            Target target = new Target.Name(name());
            require(Kind.OPERATOR, "=");
            values.put(target, expression());
        }
        Statement body =
                framed(inner -> values.keySet().forEach(target -> readAll(target, inner)), () -> wholeBlock("endwith"));
        return scope -> {
            Scope inner = scope.inner();
            values.forEach((target, value) -> target.set(value.value(scope), inner));
            return body.run(inner);
        };
    }

    private Statement print() {
        List<Statement> outputs = new ArrayList<>();
        do {
            outputs.add(output(expression()));
        } while (operator(","));
        return sequence(outputs);
    }

    private Statement macro() {
        String name = name();
        frame.set(name);
        Macro.Definition definition = definition(name, parameters(), "endmacro");
        return scope -> {
            scope.set(name, new Macro(definition, scope));
            return Flow.NEXT;
        };
    }

    private List<Macro.Parameter> parameters() {
        List<Macro.Parameter> parameters = new ArrayList<>();
        Frame outer = frame;
        frame = beginFrame(outer);
        require(Kind.OPERATOR, "(");
        while (!operator(")")) {
            if (!parameters.isEmpty()) {
                require(Kind.OPERATOR, ",");
            }
            String name = name();
            Expression byDefault = operator("=") ? expression() : null;
            if (byDefault == null
                    && !parameters.isEmpty()
                    && parameters.get(parameters.size() - 1).byDefault() != null) {
                throw expected("parameters with a default after those without");
            }
            parameters.add(new Macro.Parameter(name, byDefault));
        }
        frame = outer;
        return parameters;
    }

    /** A body of its own: it cannot end a loop around it. */
    private Macro.Definition definition(String name, List<Macro.Parameter> parameters, String end) {
        Set<String> outerSpecial = special;
        int outerLoops = loops;
        int outerDepth = beginDepth();
        special = new HashSet<>();
        loops = 0;
        Statement body =
                framed(inner -> parameters.forEach(parameter -> inner.read(parameter.name())), () -> wholeBlock(end));
        Macro.Definition definition = new Macro.Definition(name, parameters, body, special, endDepth(outerDepth));
        outerSpecial.addAll(special);
        special = outerSpecial;
        loops = outerLoops;
        return definition;
    }

    @Override
    Expression named(String name) {
        if (SPECIAL.contains(name)) {
            special.add(name);
        }
        frame.read(name);
        return super.named(name);
    }

    private Statement call() {
        List<Macro.Parameter> parameters = isOperator("(") ? parameters() : List.of();
        Expression expression = expression();
        if (!(expression instanceof Expression.Path path)
                || !(path.steps().get(path.steps().size() - 1) instanceof Call call)) {
            throw expected("the call of a macro before this");
        }
        Macro.Definition definition = definition("caller", parameters, "endcall");
        return scope -> {
            Object function = path.value(scope, path.steps().size() - 1);
            Object value = call.apply(function, new Macro(definition, scope), scope);
            scope.out.write(Printer.text(value, scope.budget));
            return Flow.NEXT;
        };
    }

    private Statement generation() {
        marksGeneration = true;
        Statement body = definition("generation", List.of(), "endgeneration").body();
        return scope -> {
            int from = scope.out.length();
            body.run(scope.inner());
            scope.out.mark(from);
            return Flow.NEXT;
        };
    }
}
