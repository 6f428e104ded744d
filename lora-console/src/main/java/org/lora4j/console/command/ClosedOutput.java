package org.lora4j.console.command;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/**
 * Standard output was closed, as by {@code head -1}. Nobody reads what the program still would print. An error, so that
 * nothing on the way to {@link CommandRunner} takes it for one of the work.
 */
final class ClosedOutput extends Error {
    /** What a shell reports of a program that the signal of a closed pipe has ended: 128 + 13. */
    static final int EXIT_CODE = 141;

    private static final long serialVersionUID = 1L;

    private ClosedOutput() {}

    /**
     * Returns a stream that fails if it is closed at the other end. Another {@link PrintStream} only remembers that, and the
     * program would go on working for nobody.
     */
    static PrintStream failing(OutputStream target, Charset charset) {
        return new PrintStream(target, true, charset) {
            @Override
            public void write(byte[] bytes, int offset, int length) {
                super.write(bytes, offset, length);
                if (checkError()) {
                    throw new ClosedOutput();
                }
            }
        };
    }
}
