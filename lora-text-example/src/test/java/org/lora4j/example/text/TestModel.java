package org.lora4j.example.text;

import java.nio.file.Path;

/** Where the tests keep the converted model. */
public final class TestModel {
    /** Below the module, so that the user's caches stay as they are. */
    public static final Path FOLDER = Path.of("target", "model");

    private TestModel() {}
}
