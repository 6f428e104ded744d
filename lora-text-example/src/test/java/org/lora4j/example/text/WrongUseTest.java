package org.lora4j.example.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("slow")
class WrongUseTest {
    @TempDir
    private static Path temp;

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--max-tokens 2; --max-tokens must be in [3, 512], found 2",
                "--max-tokens 513; --max-tokens must be in [3, 512], found 513",
                "--steps 0; --steps must be at least 1, found 0",
                "story --base-steps 0; --base-steps must be at least 1, found 0",
                "story --adapter x; Unknown option",
                "calendar --base-steps 0; --base-steps must be at least 1, found 0",
                "calendar --steps 0; --steps must be at least 1, found 0",
                "calendar --train 0; --train must be in [1, 100000], found 0",
                "calendar --test 100001; --test must be in [1, 100000], found 100001",
                "calendar --model x; Unknown option",
                "tickets --steps 0; --steps must be at least 1, found 0",
                "tickets --train 0; --train must be in [1, 100000], found 0",
                "tickets --test 100001; --test must be in [1, 100000], found 100001",
                "shop --days 1; --days must be in [2, 30], found 1",
                "shop --tenants 9; --tenants must be in [1, 8], found 9",
                "clasify; Unmatched argument",
            })
    void wrongOptionsEndWithOneLineAndCode2(String options, String message) {
        Cli cli = Cli.run((Object[]) options.split(" "));
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.err()).contains("--help");
        assertThat(cli.out()).isEmpty();
        assertThat(cli.code()).isEqualTo(2);
    }

    @Test
    void refusesAnOutputFolderThatCannotBeWrittenBeforeAnyWork() throws IOException {
        Path file = Files.writeString(temp.resolve("a-file"), "kept");
        for (String command : new String[] {"classify", "story", "calendar", "tickets", "shop"}) {
            assertFails("the output folder must be writable", command, "--output", file);
        }
        assertThat(file).hasContent("kept");
    }

    @ParameterizedTest
    @CsvSource({
        "--help, files",
        "classify --help, --max-tokens",
        "--version, lora-text-example",
        "story --version, lora-text-example",
        "calendar --help, --train"
    })
    void helpIsNoError(String options, String shown) {
        Cli cli = Cli.run((Object[]) options.split(" "));
        assertThat(cli.code()).isZero();
        assertThat(cli.err()).isEmpty();
        assertThat(cli.out()).contains(shown);
    }

    private static void assertFails(String message, Object... options) {
        Cli cli = Cli.run(options);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(1);
    }
}
