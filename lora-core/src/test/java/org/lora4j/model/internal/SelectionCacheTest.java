package org.lora4j.model.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SelectionCacheTest {
    @Test
    void selectionsThatAreRememberedAreBounded() {
        SelectionCache cache = new SelectionCache();
        for (int i = 0; i < 3 * SelectionCache.MAX_SIZE; i++) {
            Selection selection = Selection.of(List.of("n" + i));
            assertThat(cache.get(selection, key -> layer -> {
                        throw new IllegalStateException(key.toString());
                    }))
                    .isNotNull();
        }
        assertThat(cache.size()).isLessThanOrEqualTo(SelectionCache.MAX_SIZE);
    }
}
