package org.lora4j.nn.weight.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.Logged;
import org.lora4j.linalg.ProductEngine;

class EnginesTest {
    private final FakeEngine fast = new FakeEngine();
    private final FakeEngine slow = new FakeEngine();

    EnginesTest() {
        slow.fast.clear();
    }

    /** The module of an engine runs these tests too, and sets its own property. */
    @Test
    void thereIsNoneUnlessOneIsAdded() {
        boolean isAdded = Boolean.getBoolean("org.lora4j.onednn.packAll");
        assertThat(Engines.engine() != null).isEqualTo(isAdded);
        assertThat(Engines.select(List.<ProductEngine>of().iterator())).isNull();
    }

    @Test
    void takesTheFirstFastOne() {
        try (Logged logged = Logged.by(Engines.class)) {
            assertThat(Engines.select(List.<ProductEngine>of(slow, fast).iterator()))
                    .isSameAs(fast);
            assertThat(logged.messages())
                    .containsExactly(
                            "INFO fake has no fast products in single precision on this processor, so ND4J computes them");
        }
    }

    @Test
    void leavesOutOneThatDoesNotStart() {
        Iterator<ProductEngine> candidates = new Iterator<>() {
            private int given;

            @Override
            public boolean hasNext() {
                return given < 2;
            }

            @Override
            public ProductEngine next() {
                if (given == 2) {
                    throw new NoSuchElementException();
                }
                if (given++ == 0) {
                    throw new ServiceConfigurationError("no such library");
                }
                return fast;
            }
        };
        try (Logged logged = Logged.by(Engines.class)) {
            assertThat(Engines.select(candidates)).isSameAs(fast);
            assertThat(logged.messages())
                    .containsExactly("WARN a product engine does not start, so ND4J computes the products:"
                            + " java.util.ServiceConfigurationError: no such library");
        }
    }
}
