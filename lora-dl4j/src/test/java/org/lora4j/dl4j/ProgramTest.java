package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.AdaptNetwork;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.Page;

/** The whole program of the page about DL4J runs, and prints what the page shows. The losses depend on the processor. */
class ProgramTest {
    @Test
    void adaptNetwork() throws Exception {
        Page page = Page.of("guide-dl4j.md");
        List<String> printed = page.requirePrinted(AdaptNetwork::main);
        assertThat(printed).hasSize(3);
        assertThat(printed.get(1)).matches("loss: \\S+, with the adapter: 0\\.0\\S+");
        assertThat(page.text()).contains("```\n" + printed.get(0) + "\n", "\n" + printed.get(2) + "\n```");
    }
}
