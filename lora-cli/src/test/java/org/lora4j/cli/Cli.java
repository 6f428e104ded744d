package org.lora4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The result of a command line.
 *
 * @param code the exit code
 * @param out the text on standard output
 * @param err the text on standard error
 */
record Cli(int code, String out, String err) {
    /** Runs the program through its entry point. */
    static Cli run(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] words = Stream.of(args).map(String::valueOf).toArray(String[]::new);
        int code = Lora.execute(new PrintWriter(out), new PrintWriter(err), words);
        return new Cli(code, out.toString(), err.toString());
    }

    /** Runs the program, which must succeed and say nothing on standard error. */
    static Cli good(Object... args) {
        Cli cli = run(args);
        if (cli.code != 0 || !cli.err.isEmpty()) {
            throw new AssertionError(Arrays.toString(args) + " ended with " + cli.code + ": " + cli.err);
        }
        return cli;
    }

    JsonNode json() throws JsonProcessingException {
        return new ObjectMapper().readTree(out);
    }

    List<String> errLines() {
        return err.lines().toList();
    }

    /** More words after others. */
    static Object[] words(Object[] first, Object... more) {
        return Stream.concat(Stream.of(first), Stream.of(more)).toArray();
    }
}
