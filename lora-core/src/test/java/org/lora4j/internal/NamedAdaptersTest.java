package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.Refusals;

class NamedAdaptersTest {
    private final NamedAdapters<Object> adapters =
            NamedAdapters.none().add("a", "A").add("b", "B");

    @Test
    void aChangeReturnsAnotherObject() {
        assertThat(adapters.add("c", "C").names()).containsExactly("a", "b", "c");
        assertThat(adapters.delete("a").names()).containsExactly("b");
        assertThat(adapters.replace("a", "C").values()).containsExactly("C", "B");
        assertThat(adapters.rename("a", "c").names()).containsExactly("c", "b");
        assertThat(adapters).hasToString("[a, b]");
        assertThat(adapters.values()).containsExactly("A", "B");
        assertThatThrownBy(() -> adapters.names().remove("a")).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void findsAdapters() {
        assertThat(adapters.get("b")).isEqualTo("B");
        assertThat(adapters.find("b")).isEqualTo("B");
        assertThat(adapters.find("c")).isNull();
        assertThat(adapters.nameOf("B")).isEqualTo("b");
        assertThat(adapters.nameOf("C")).isNull();
        assertThat(adapters.select(List.of("b", "a"))).containsExactly("B", "A");
    }

    @TestFactory
    List<DynamicTest> refusesUnknownNames() {
        String message = "no adapter 'c'; there are [a, b]";
        return table(
                argument(() -> adapters.get("c")).says(message),
                argument(() -> adapters.delete("c")).says(message),
                argument(() -> adapters.replace("c", "C")).says(message),
                argument(() -> adapters.rename("c", "d")).says(message),
                argument(() -> adapters.select(List.of("a", "c"))).says(message));
    }

    @Test
    void refusesNamesThatAreTaken() {
        String message = "an adapter 'b' exists already; there are [a, b]";
        Refusals.check(
                argument(() -> adapters.add("b", "C")).says(message),
                argument(() -> adapters.rename("a", "b")).says(message),
                argument(() -> adapters.rename("a", "B")).contains("in more than case"));
        assertThat(adapters.rename("a", "A").names()).containsExactly("A", "b");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.select(List.of("b", "b")))
                .withMessage("each adapter must be named once, found [b, b]");
    }

    @Test
    void oneAdapterReplacesArraysOfALayer() {
        adapters.requireOneReplaces(List.of("a", "b"), "fc", "A"::equals);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.requireOneReplaces(List.of("a", "b"), "fc", adapter -> true))
                .withMessage("fc: only one of the adapters that are applied together can have a bias, a whole layer or"
                        + " rows of tokens, found [a, b]");
    }

    @Test
    void namesARefusedAdapter() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NamedAdapters.named("a", () -> {
                    throw new IllegalArgumentException("rank must be positive");
                }))
                .withMessage("adapter 'a': rank must be positive");
    }
}
