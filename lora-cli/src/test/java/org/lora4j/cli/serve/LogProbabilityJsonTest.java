package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How tokens are named. */
class LogProbabilityJsonTest {
    @ParameterizedTest
    @CsvSource({"20, ' '", "e284a2, \u2122", "e284, 'bytes:\\xe2\\x84'", "41ff, 'bytes:\\x41\\xff'", "'', ''"})
    void tokensThatAreNoTextAreNamedByTheirBytes(String bytes, String name) {
        assertThat(LogProbabilityJson.name(HexFormat.of().parseHex(bytes), "bytes:"))
                .isEqualTo(name);
    }
}
