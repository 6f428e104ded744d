package org.lora4j.text.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextTableTest {
    @Test
    void aTableKeepsTheNumberOfManyTexts() {
        TextTable table = new TextTable();
        for (int i = 0; i < 5000; i++) {
            assertThat(table.get("text " + i)).isEqualTo(TextTable.NONE);
            table.put("text " + i, 1 + i % 127);
        }
        for (int i = 0; i < 5000; i++) {
            assertThat(table.get("text " + i)).isEqualTo(1 + i % 127);
        }
        table.put("text 7", 3);
        assertThat(table.get("text 7")).isEqualTo(3);
        assertThat(table.get("another")).isEqualTo(TextTable.NONE);
    }
}
