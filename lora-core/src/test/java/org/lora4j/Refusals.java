package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;

/** Tables of calls that must be refused. */
public final class Refusals {
    private Refusals() {}

    /**
     * The tests of a table, for a method with {@code @TestFactory}: each row is a test of its own. The rows share the
     * state of the test class, because a refused call must not change it.
     */
    public static List<DynamicTest> table(Refusal... rows) {
        return Stream.of(rows)
                .map(row -> DynamicTest.dynamicTest(row.name.toString(), row::run))
                .toList();
    }

    /** The same in one test, for calls on what lives only in it. */
    public static void check(Refusal... rows) {
        assertThat(rows).allSatisfy(Refusal::run);
    }

    /** A call that must throw an exception of this type. */
    public static Refusal refused(Class<? extends Throwable> type, ThrowingCallable call) {
        return new Refusal(type, call);
    }

    /** A call with an argument that must not be. */
    public static Refusal argument(ThrowingCallable call) {
        return refused(IllegalArgumentException.class, call);
    }

    /** A call that must not come now. */
    public static Refusal state(ThrowingCallable call) {
        return refused(IllegalStateException.class, call);
    }

    /** A row: the call, the type of the exception, and what its message must be. */
    public static final class Refusal {
        private final Class<? extends Throwable> type;
        private final ThrowingCallable call;
        private final List<Check> checks = new ArrayList<>();
        private final StringBuilder name;

        private interface Check {
            void on(AbstractThrowableAssert<?, ?> thrown);
        }

        private Refusal(Class<? extends Throwable> type, ThrowingCallable call) {
            this.type = type;
            this.call = call;
            name = new StringBuilder(type.getSimpleName());
        }

        private Refusal with(String text, Check check) {
            name.append(": ").append(text);
            checks.add(check);
            return this;
        }

        /** The whole message. */
        public Refusal says(String message) {
            return with(message, thrown -> thrown.hasMessage(message));
        }

        /** Parts of the message, in any order. */
        public Refusal contains(String... parts) {
            for (String part : parts) {
                with(part, thrown -> thrown.hasMessageContaining(part));
            }
            return this;
        }

        public Refusal starts(String begin) {
            return with(begin, thrown -> thrown.hasMessageStartingWith(begin));
        }

        public Refusal ends(String end) {
            return with(end, thrown -> thrown.hasMessageEndingWith(end));
        }

        private void run() {
            AbstractThrowableAssert<?, ?> thrown = assertThatThrownBy(call).isInstanceOf(type);
            checks.forEach(check -> check.on(thrown));
        }
    }
}
