package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import org.junit.jupiter.api.Test;

class StrictJsonTest {
    @Test
    void refusesANameThatComesTwiceAndWhatFollowsTheValue() throws JsonProcessingException {
        assertThat(StrictJson.MAPPER
                        .readTree("{\"a\": [1, {\"a\": 2}]} ")
                        .at("/a/1/a")
                        .asInt())
                .isEqualTo(2);
        for (String wrong : new String[] {"{\"a\": 1, \"a\": 2}", "{\"a\": {\"b\": 1, \"b\": 1}}", "{} {}", "{}]"}) {
            assertThatThrownBy(() -> StrictJson.MAPPER.readTree(wrong))
                    .as(wrong)
                    .isInstanceOf(JsonProcessingException.class);
        }
    }
}
