package org.lora4j.example.text.model;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** The folder of the user's caches, as each operating system has it. */
final class UserCache {
    private UserCache() {}

    /**
     * Returns the folder.
     *
     * @param os the name of the operating system, as in the property {@code os.name}
     * @param home the user's home
     * @param environment the environment variables
     */
    static Path folder(String os, Path home, Map<String, String> environment) {
        String system = os.toLowerCase(Locale.ROOT);
        if (system.startsWith("windows")) {
            String local = environment.get("LOCALAPPDATA");
            return local == null ? home.resolve("AppData").resolve("Local") : Path.of(local);
        }
        if (system.startsWith("mac")) {
            return home.resolve("Library").resolve("Caches");
        }
        String cache = environment.get("XDG_CACHE_HOME");
        return cache == null || !Path.of(cache).isAbsolute() ? home.resolve(".cache") : Path.of(cache);
    }

    static Path folder() {
        return folder(System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", "")), System.getenv());
    }
}
