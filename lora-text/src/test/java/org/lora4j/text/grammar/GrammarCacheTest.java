package org.lora4j.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.text.Tokenizers;

class GrammarCacheTest {
    @TempDir
    Path folder;

    @Test
    void theSchemasThatWereUsedLastAreKept() throws Exception {
        Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes());
        GrammarCache cache = new GrammarCache(GrammarVocabulary.load(folder));
        TokenConstraint first = cache.jsonSchema(schema(0));
        TokenConstraint second = cache.jsonSchema(schema(1));
        for (int i = 2; i <= 16; i++) {
            assertThat(cache.jsonSchema(schema(0))).isSameAs(first);
            assertThat(cache.jsonSchema(schema(i))).isNotSameAs(first);
        }
        // The 17th schema has replaced it.
        assertThat(cache.jsonSchema(schema(1))).isNotSameAs(second);
        assertThat(cache.jsonSchema(schema(0))).isSameAs(first);
        assertThatIllegalArgumentException().isThrownBy(() -> cache.jsonSchema("{\"type\": \"x\"}"));
    }

    private static String schema(int least) {
        return "{\"type\": \"integer\", \"minimum\": " + least + "}";
    }
}
