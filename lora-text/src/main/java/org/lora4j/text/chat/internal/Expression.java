package org.lora4j.text.chat.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of a template that has a value. A chain of operators is one expression, so a long one is not nested deep. */
interface Expression {
    @Nullable
    Object value(Scope scope);

    /** {@code a or b or c}, and {@code a and b and c}. */
    record Logical(boolean or, List<Expression> operands) implements Expression {
        @Override
        public @Nullable Object value(Scope scope) {
            Object value = null;
            for (Expression operand : operands) {
                scope.budget.operation();
                value = operand.value(scope);
                if (Values.isTrue(value) == or) {
                    return value;
                }
            }
            return value;
        }
    }

    /** {@code a < b <= c}: each is compared with the one after it. */
    record Comparison(List<Expression> operands, List<String> operators) implements Expression {
        @Override
        public Boolean value(Scope scope) {
            Object value = operands.get(0).value(scope);
            for (int i = 0; i < operators.size(); i++) {
                Object other = operands.get(i + 1).value(scope);
                if (!Operators.compare(operators.get(i), value, other, scope.budget)) {
                    return false;
                }
                value = other;
            }
            return true;
        }
    }

    /** {@code a + b - c}, from the left. */
    record Arithmetic(List<Expression> operands, List<String> operators) implements Expression {
        @Override
        public @Nullable Object value(Scope scope) {
            Object value = operands.get(0).value(scope);
            for (int i = 0; i < operators.size(); i++) {
                value = Operators.binary(
                        operators.get(i), value, operands.get(i + 1).value(scope), scope.budget);
            }
            return value;
        }
    }

    /** {@code a ~ b}. */
    record Concatenation(List<Expression> operands) implements Expression {
        @Override
        public String value(Scope scope) {
            StringBuilder out = new StringBuilder();
            for (Expression operand : operands) {
                scope.budget.operation();
                String text = Printer.text(operand.value(scope), scope.budget);
                scope.budget.grow(out.length(), text.length());
                out.append(text);
            }
            return out.toString();
        }
    }

    /** What follows on a value: an attribute, brackets, a call, a filter or a test. */
    interface Step {
        @Nullable
        Object apply(@Nullable Object value, Scope scope);
    }

    /** A value and what follows on it. */
    record Path(Expression first, List<Step> steps) implements Expression {
        @Override
        public @Nullable Object value(Scope scope) {
            return value(scope, steps.size());
        }

        /** The value after the first steps. */
        @Nullable
        Object value(Scope scope, int count) {
            Object value = first.value(scope);
            for (int i = 0; i < count; i++) {
                scope.budget.operation();
                value = steps.get(i).apply(value, scope);
            }
            return value;
        }
    }
}
