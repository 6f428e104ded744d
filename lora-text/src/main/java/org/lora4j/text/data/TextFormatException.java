package org.lora4j.text.data;

import java.nio.file.Path;

/** A line of a file of texts that is not what it must be. The message names the file and the line. */
public final class TextFormatException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** The file. */
    private final String file;

    /** The number of the line, from 1. */
    private final long line;

    /** Whether nothing after the line can be read. */
    private final boolean ends;

    /** What is wrong, without the place. */
    private final String reason;

    private TextFormatException(String file, long line, boolean ends, String message) {
        super(file + ":" + line + ": " + message);
        this.file = file;
        this.line = line;
        this.ends = ends;
        reason = message;
    }

    /** A line after which the next one can be read. */
    static TextFormatException ofLine(Path file, long line, String message) {
        return new TextFormatException(file.toString(), line, false, message);
    }

    /** A line after which it is not known where the next row begins. */
    static TextFormatException ofRest(Path file, long line, String message) {
        return new TextFormatException(file.toString(), line, true, message);
    }

    /**
     * Returns the file.
     *
     * @return its path
     */
    public String file() {
        return file;
    }

    /**
     * Returns the line.
     *
     * @return the number of the first line of the row, from 1
     */
    public long line() {
        return line;
    }

    /**
     * Returns what is wrong.
     *
     * @return the rule, and what was found, without the file and the line
     */
    public String reason() {
        return reason;
    }

    /** The same for a reader that cannot go on after this line. */
    TextFormatException ending() {
        return new TextFormatException(file, line, true, reason);
    }

    /**
     * Returns whether nothing after this line can be read, so that it cannot be left out.
     *
     * @return true if it is not known where the next row begins
     */
    public boolean ends() {
        return ends;
    }
}
