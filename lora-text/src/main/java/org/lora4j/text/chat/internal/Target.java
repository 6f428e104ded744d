package org.lora4j.text.chat.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a value is set to: a name, a name of a namespace, or several for the elements of a list. */
sealed interface Target {
    void set(@Nullable Object value, Scope scope);

    /** Tells a frame which names are set, and which are read to be changed. */
    void declare(Frame frame);

    /** What Jinja makes of an element that passes the test of a loop: a tuple for several names. */
    default @Nullable Object rebuilt(@Nullable Object value, Budget budget) {
        return value;
    }

    record Name(String name) implements Target {
        @Override
        public void declare(Frame frame) {
            frame.set(name);
        }

        @Override
        public void set(@Nullable Object value, Scope scope) {
            scope.set(name, value);
        }
    }

    record Member(String name, String member) implements Target {
        @Override
        public void declare(Frame frame) {
            frame.read(name);
        }

        @Override
        public void set(@Nullable Object value, Scope scope) {
            if (!(scope.get(name) instanceof Namespace namespace)) {
                throw new JinjaException("set: only a namespace can be changed, found another value in '" + name + "'");
            }
            namespace.values().put(member, value);
        }
    }

    record Several(List<Target> targets) implements Target {
        @Override
        public void declare(Frame frame) {
            targets.forEach(target -> target.declare(frame));
        }

        @Override
        public @Nullable Object rebuilt(@Nullable Object value, Budget budget) {
            List<@Nullable Object> values = Values.list(value, budget);
            for (int i = 0; i < values.size(); i++) {
                values.set(i, targets.get(i).rebuilt(values.get(i), budget));
            }
            return Sequence.tuple(values);
        }

        @Override
        public void set(@Nullable Object value, Scope scope) {
            List<@Nullable Object> values = Values.list(value, scope.budget);
            if (values.size() != targets.size()) {
                throw new JinjaException(
                        "there must be a value for each of " + targets.size() + " names, found " + values.size());
            }
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).set(values.get(i), scope);
            }
        }
    }
}
