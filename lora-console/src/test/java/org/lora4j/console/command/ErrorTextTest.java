package org.lora4j.console.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class ErrorTextTest {
    @Test
    void completesAMessageThatIsOnlyThePath() {
        assertThat(ErrorText.of(new NoSuchFileException("a"))).isEqualTo("a: there is no such file");
        assertThat(ErrorText.of(new AccessDeniedException("a"))).isEqualTo("a: access denied");
        assertThat(ErrorText.of(new FileAlreadyExistsException("a"))).isEqualTo("a: file already exists");
        assertThat(ErrorText.of(new FileSystemException("a", null, "no space left")))
                .isEqualTo("a: no space left");
    }

    @Test
    void looksThroughAWrapperWithoutAMessageOfItsOwn() {
        NoSuchFileException cause = new NoSuchFileException("a");
        assertThat(ErrorText.of(new UncheckedIOException(cause))).isEqualTo("a: there is no such file");
        assertThat(ErrorText.of(new UncheckedIOException("the data", cause))).isEqualTo("the data");
    }

    @Test
    void saysWhatToDoWithAPathThatTheLocaleDoesNotHave() {
        assertThat(ErrorText.of(new InvalidPathException("caf\uFFFD", "Malformed input")))
                .startsWith("'caf\uFFFD' must have only characters of the locale's character set")
                .endsWith("set LC_ALL=C.UTF-8");
        assertThat(ErrorText.of(new InvalidPathException("a\0", "Nul character not allowed")))
                .isEqualTo("'a\0' must be a path, found: Nul character not allowed");
    }

    @Test
    void namesTheTypeOfAnExceptionThatDoesNotExplainItself() {
        assertThat(ErrorText.of(new IllegalArgumentException("rank must be positive")))
                .isEqualTo("rank must be positive");
        assertThat(ErrorText.of(new NullPointerException("x")))
                .isEqualTo("java.lang.NullPointerException: x (--verbose shows where)");
        assertThat(ErrorText.of(new IOException())).isEqualTo("java.io.IOException (--verbose shows where)");
    }
}
