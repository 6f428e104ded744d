package org.lora4j.example.support.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/** Standard output was closed, as by {@code head -1}. Nobody reads what the program still would print. */
final class ClosedOutput extends RuntimeException {
    /** What a shell reports of a program that the signal of a closed pipe has ended: 128 + 13. */
    static final int EXIT_CODE = 141;

    private static final long serialVersionUID = 1L;

    private ClosedOutput(IOException cause) {
        super(cause);
    }

    /**
     * Returns a stream that fails with this exception if it is closed at the other end. A {@link PrintStream} and a
     * {@link java.io.PrintWriter} ignore an {@link IOException}, and the program would go on working for nobody.
     */
    static PrintStream failing(OutputStream target, Charset charset) {
        return new PrintStream(new Failing(target), true, charset);
    }

    /** Returns whether an exception or one of its causes is this one. */
    static boolean causes(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ClosedOutput) {
                return true;
            }
        }
        return false;
    }

    private static final class Failing extends FilterOutputStream {
        Failing(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int value) {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                throw new ClosedOutput(e);
            }
        }

        @Override
        public void flush() {
            try {
                out.flush();
            } catch (IOException e) {
                throw new ClosedOutput(e);
            }
        }
    }
}
