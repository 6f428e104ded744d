package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of the keys. */
class ApiKeysTest {
    private static final String KEY = "0123456789abcdef";

    @TempDir
    private Path folder;

    private Access access(String line) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), "# mine\n" + line + "\n");
        return ApiKeys.read(file).access("Bearer " + KEY);
    }

    @Test
    void aNameWithSpacesOrCommasIsInQuotationMarks() throws IOException {
        Access access = access(KEY + " plain, \"my support\" \"a,b\"");
        for (String name : List.of("plain", "my support", "a,b")) {
            access.require(name);
        }
        for (String name : List.of("my", "support", "a", "b", "plain,")) {
            assertThatExceptionOfType(ApiException.class)
                    .as(name)
                    .isThrownBy(() -> access.require(name))
                    .satisfies(e -> assertThat(e.status()).isEqualTo(404));
        }
    }

    @Test
    void aQuotationMarkAloneIsRefused() {
        assertThatIOException()
                .isThrownBy(() -> access(KEY + " \"my support"))
                .withMessageContaining(
                        "keys, line 2: quotation marks must be around the name of an adapter, found one alone");
    }
}
