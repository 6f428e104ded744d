package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.Page;

/** The native library, which is copied from the jar before it is loaded. */
class TokenizerLibraryTest {
    /** Loads a tokenizer in a JVM of its own, because a library is loaded once. */
    static final class Program {
        private Program() {}

        public static void main(String[] args) {
            for (int i = 0; i < 2; i++) {
                try (Tokenizer tokenizer = Tokenizer.load(Path.of(args[0]))) {
                    System.out.println("loaded " + tokenizer.specialTokens());
                } catch (IOException e) {
                    System.out.println("IOException " + e.getMessage());
                }
            }
        }
    }

    @Test
    @Tag("slow")
    void aLibraryThatCannotBeCopiedIsAnInputError(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes());
        Process process = new ProcessBuilder(JavaCommand.of(
                        // A file where the folder must be.
                        "-DDJL_CACHE_DIR=" + file, Program.class.getName(), file.toString()))
                .redirectErrorStream(true)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(out).isZero();
        List<String> errors = out.lines()
                .filter(line -> line.startsWith("IOException "))
                .map(line -> line.substring("IOException ".length()))
                .toList();
        assertThat(errors).as(out).hasSize(2);
        errors.forEach(Page.of("troubleshooting.md")::requireMessage);
    }
}
