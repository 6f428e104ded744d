package org.lora4j.example.text.model;

import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TokensTest {
    @Test
    @SuppressWarnings("NullAway") // passes null on purpose
    void aTextThatIsNullIsNamedByItsPlace() throws IOException {
        try (Tokens tokens = Tokens.load(8)) {
            assertThatNullPointerException()
                    .isThrownBy(() -> tokens.of(Arrays.asList("a text", null)))
                    .withMessage("texts: each must be a text, found null at index 1");
        }
    }
}
