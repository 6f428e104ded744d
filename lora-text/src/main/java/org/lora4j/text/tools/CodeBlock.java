package org.lora4j.text.tools;

/** Whether text stands in a block of code: between two lines that begin with three backticks. */
final class CodeBlock {
    private static final int FENCE = 3;

    private boolean isOpen;
    private boolean isAtBegin = true;
    private int marks;

    /** Adds a character of the text. */
    void add(char c) {
        if (c == '\n') {
            beginLine();
        } else if (isAtBegin && c == '`') {
            marks++;
            isOpen ^= marks == FENCE;
        } else {
            isAtBegin &= Character.isWhitespace(c) && marks == 0;
        }
    }

    /** Begins a line, as after a call. */
    void beginLine() {
        isAtBegin = true;
        marks = 0;
    }

    boolean isOpen() {
        return isOpen;
    }
}
