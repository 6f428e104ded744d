package org.lora4j.example.text.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserCacheTest {
    private static final Path HOME = Path.of("home").toAbsolutePath();

    @Test
    void isWhereEachOperatingSystemHasIt() {
        assertThat(UserCache.folder("Linux", HOME, Map.of())).isEqualTo(HOME.resolve(".cache"));
        assertThat(UserCache.folder("Mac OS X", HOME, Map.of())).isEqualTo(HOME.resolve("Library/Caches"));
        assertThat(UserCache.folder("Windows 11", HOME, Map.of())).isEqualTo(HOME.resolve("AppData/Local"));
    }

    @Test
    void followsTheEnvironment() {
        Path other = HOME.resolveSibling("other");
        assertThat(UserCache.folder("Linux", HOME, Map.of("XDG_CACHE_HOME", other.toString())))
                .isEqualTo(other);
        assertThat(UserCache.folder("Linux", HOME, Map.of("XDG_CACHE_HOME", "relative")))
                .isEqualTo(HOME.resolve(".cache"));
        assertThat(UserCache.folder("Windows 11", HOME, Map.of("LOCALAPPDATA", other.toString())))
                .isEqualTo(other);
    }
}
