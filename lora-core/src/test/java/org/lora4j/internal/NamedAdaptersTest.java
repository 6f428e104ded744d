package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

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

    @Test
    void refusesUnknownNames() {
        String message = "no adapter 'c'; there are [a, b]";
        assertThatIllegalArgumentException().isThrownBy(() -> adapters.get("c")).withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.delete("c"))
                .withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.replace("c", "C"))
                .withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.rename("c", "d"))
                .withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.select(List.of("a", "c")))
                .withMessage(message);
    }

    @Test
    void refusesNamesThatAreTaken() {
        String message = "an adapter 'b' exists already; there are [a, b]";
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.add("b", "C"))
                .withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.rename("a", "b"))
                .withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.rename("a", "B"))
                .withMessageContaining("in more than case");
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
