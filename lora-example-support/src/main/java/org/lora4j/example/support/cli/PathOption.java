package org.lora4j.example.support.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts an option to a path. */
final class PathOption implements ITypeConverter<Path> {
    /** What Java makes of a byte that the character set of the locale does not have. */
    private static final char REPLACEMENT = '\uFFFD';

    @Override
    public Path convert(String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new TypeConversionException(describe(e));
        }
    }

    /** Returns what is wrong with a path, and what to do. */
    static String describe(InvalidPathException e) {
        return e.getInput().indexOf(REPLACEMENT) >= 0 || e.getReason().contains("unmappable")
                ? "'%s' must have only characters of the locale's character set, found %s; set LC_ALL=C.UTF-8"
                        .formatted(e.getInput(), System.getProperty("sun.jnu.encoding"))
                : "'%s' must be a path, found: %s".formatted(e.getInput(), e.getReason());
    }
}
