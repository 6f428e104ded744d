package org.lora4j.crashes;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.fixtures.JavaCommand;

/** A process that saves into a folder without end, each kind in a thread of its own. */
final class SavingProgram implements AutoCloseable {
    private final Process process;
    private final Path output;

    private SavingProgram(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** The process: a folder, the first number, then the kinds. It prints a byte when each kind was saved once. */
    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        int first = Integer.parseInt(args[1]);
        for (int i = 2; i < args.length; i++) {
            Saved kind = Saved.valueOf(args[i]);
            new Thread(() -> saveWithoutEnd(kind, folder, first)).start();
        }
    }

    private static void saveWithoutEnd(Saved kind, Path folder, int first) {
        try {
            kind.save(folder, first);
            System.out.print('.');
            System.out.flush();
            for (int number = first + 1; true; number++) {
                kind.save(folder, number);
            }
        } catch (Throwable failure) {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    /** Starts a process, and waits until it has saved each kind once. */
    static SavingProgram start(Path folder, Path output, int first, Saved... kinds) throws IOException {
        return start(List.of(), folder, output, first, kinds);
    }

    /** Starts a process in which a write fails after 8 KB of a file, as it does on a full disk; for POSIX. */
    static SavingProgram startWithoutSpace(Path folder, Path output, int first, Saved kind) throws IOException {
        return start(List.of("sh", "-c", "ulimit -f 16; exec \"$@\"", "sh"), folder, output, first, kind);
    }

    private static SavingProgram start(List<String> prefix, Path folder, Path output, int first, Saved... kinds)
            throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(JavaCommand.of(
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Dorg.nd4j.log.initialization=false",
                "-Dorg.nd4j.versioncheck=false",
                SavingProgram.class.getName(),
                folder.toString(),
                Integer.toString(first)));
        for (Saved kind : kinds) {
            command.add(kind.name());
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(output.toFile());
        builder.environment().put("OMP_NUM_THREADS", "1");
        SavingProgram program = new SavingProgram(builder.start(), output);
        InputStream ready = program.process.getInputStream();
        for (int i = 0; i < kinds.length; i++) {
            if (ready.read() != '.') {
                program.close();
                throw new AssertionError(program.output());
            }
        }
        return program;
    }

    /** Fails if the process has ended by itself. */
    void requireAlive() {
        if (!process.isAlive()) {
            throw new AssertionError(output());
        }
    }

    private String output() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Kills the process and waits for its end. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
