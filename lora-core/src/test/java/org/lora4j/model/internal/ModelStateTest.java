package org.lora4j.model.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.Models;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.model.internal.ModelState.Selection;

class ModelStateTest {
    @Test
    void selectionsThatAreRememberedAreBounded() {
        AdapterRegistry registry = new AdapterRegistry(Models.dense(2, 2));
        registry.add("nine", LoRAConfig.of(1, 1));
        ModelState state = registry.state();
        for (int i = 1; i <= 3 * ModelState.MAX_SELECTIONS; i++) {
            Selection selection = new Selection(List.of("nine"), i);
            assertThat(state.factored(selection)).isSameAs(state.factored(selection));
        }
        assertThat(state.countSelections()).isEqualTo(ModelState.MAX_SELECTIONS);
    }
}
