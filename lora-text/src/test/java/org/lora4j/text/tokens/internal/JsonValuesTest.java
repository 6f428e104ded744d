package org.lora4j.text.tokens.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonValuesTest {
    private static List<String> values(String json) throws IOException {
        byte[] content = json.getBytes(StandardCharsets.UTF_8);
        JsonValues values = new JsonValues(content, 0, content.length);
        List<String> found = new ArrayList<>();
        while (values.next()) {
            int length = values.end() - values.begin();
            found.add(values.name() + "=" + new String(content, values.begin(), length, StandardCharsets.UTF_8));
        }
        return found;
    }

    @Test
    void stepsThroughTheMembersOfAnObject() throws IOException {
        assertThat(values(" { \"a\" : 1 , \"b\\n\":[ {\"c\":\"]}\"} ,2],\"\":\"x\\\\\", \"é\":null}"))
                .containsExactly("a=1", "b\n=[ {\"c\":\"]}\"} ,2]", "=\"x\\\\\"", "é=null");
    }

    @Test
    void stepsThroughTheElementsOfAnArray() throws IOException {
        assertThat(values("[1,\"a,b\", [],{} ,-2e5\n]")).containsExactly("=1", "=\"a,b\"", "=[]", "={}", "=-2e5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "[ ]", "", " ", "1", "\"a\"", "true"})
    void findsNoValues(String json) throws IOException {
        assertThat(values(json)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[",
                "[1",
                "[1,",
                "[1,]",
                "[1 2]",
                "[[1]",
                "{\"a\"}",
                "{\"a\":1,}",
                "{\"a\":1",
                "{1:2}",
                "[\"a",
                "[\"a\\\"]"
            })
    void saysWhereItIsNoJson(String json) {
        assertThatExceptionOfType(JsonParseException.class)
                .isThrownBy(() -> values(json))
                .withMessageContaining(" must be at byte ");
    }
}
