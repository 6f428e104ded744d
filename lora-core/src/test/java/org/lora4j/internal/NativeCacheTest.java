package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeCacheTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "1000, 0755, -",
                "1000, 0775, -",
                "1000, 0700, -",
                "0, 01777, -",
                "0, 0755, -",
                "1000, 01777, -",
                "1000, 0777, that all users can write to",
                "0, 0757, that all users can write to",
                "1001, 0755, of the user with the number 1001",
                "1001, 01777, of the user with the number 1001"
            })
    void othersMustNotBeAbleToPutALibraryThere(int owner, String mode, String problem) {
        assertThat(NativeCache.problem(owner, 1000, Integer.parseInt(mode, 8))).isEqualTo(problem);
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void foldersAboveCountToo(@TempDir Path folder) throws IOException {
        Path open = Files.createDirectory(folder.resolve("open"));
        Path inside = Files.createDirectories(open.resolve("deep").resolve("cache"));
        assertThatCode(() -> NativeCache.requireOwn(inside, "-Dcache")).doesNotThrowAnyException();
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        for (Path cache : new Path[] {open, inside, open.resolve("not there yet")}) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> NativeCache.requireOwn(cache, "-Dcache"))
                    .withMessage("the folder of native libraries " + cache
                            + " must be one that only this user can write to, found " + open
                            + " that all users can write to; another user could put a library there that this program would"
                            + " run. Set -Dcache to another folder, or -Dorg.lora4j.trustNativeCache=true where nobody else"
                            + " can run programs");
        }
        System.setProperty("org.lora4j.trustNativeCache", "true");
        try {
            assertThatCode(() -> NativeCache.requireOwn(inside, "-Dcache")).doesNotThrowAnyException();
        } finally {
            System.clearProperty("org.lora4j.trustNativeCache");
        }
    }
}
