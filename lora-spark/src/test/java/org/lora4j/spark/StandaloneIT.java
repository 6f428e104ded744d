package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Patience;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;

/**
 * A master and two workers of Spark in processes of their own, and a program that is submitted to them with its jars. It runs
 * with {@code mvn verify -Pstandalone}.
 */
class StandaloneIT {
    /** Not on the class path of the cluster: what a user submits. */
    private static final String OF_USER = ".*(nd4j|bytedeco|lora-core|lora-spark|guava|flatbuffers|commons-math3).*";

    private final List<Process> processes = new ArrayList<>();

    @TempDir
    Path folder;

    @AfterEach
    void end() throws InterruptedException {
        for (Process process : processes) {
            process.destroy();
            process.waitFor();
        }
    }

    @Test
    void aSubmittedProgramTrains() throws Exception {
        Digits digits = new Digits(170);
        String base = Digits.base(folder);
        String table = folder.resolve("table").toString();
        digits.table(Sessions.local(), 3, 1).drop("features").write().parquet(table);
        Sessions.stop();

        String spark = classPath(false).collect(Collectors.joining(File.pathSeparator));
        int port = freePort();
        String master = "spark://127.0.0.1:" + port;
        start(
                spark,
                "org.apache.spark.deploy.master.Master",
                "--host",
                "127.0.0.1",
                "--port",
                "" + port,
                "--webui-port",
                "0");
        Patience.await(() -> isOpen(port));
        for (int i = 0; i < 2; i++) {
            start(
                    spark,
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    "127.0.0.1",
                    "--webui-port",
                    "0",
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--work-dir",
                    folder.resolve("work" + i).toString(),
                    master);
        }
        List<String> jars = new ArrayList<>();
        for (String entry : classPath(true).toList()) {
            jars.add(
                    Files.isDirectory(Path.of(entry))
                            ? jar(Path.of(entry), jars.size()).toString()
                            : entry);
        }
        Process submit = start(
                spark,
                "org.apache.spark.deploy.SparkSubmit",
                "--master",
                master,
                "--class",
                SubmittedTraining.class.getName(),
                "--conf",
                "spark.executor.memory=512m",
                "--conf",
                "spark.driver.host=127.0.0.1",
                "--conf",
                "spark.driver.bindAddress=127.0.0.1",
                "--conf",
                "spark.ui.enabled=false",
                "--conf",
                "spark.executor.extraClassPath=" + spark,
                "--conf",
                "spark.executorEnv.OMP_NUM_THREADS=1",
                "--jars",
                String.join(",", jars.subList(1, jars.size())),
                jars.get(0),
                base,
                table,
                folder.resolve("model").toString());
        assertThat(Patience.awaitEnd(submit)).isZero();

        AdapterView view = LoRAModel.of(Digits.network())
                .add("a", LoRAConfig.builder().rank(2).build());
        Trainer.builder(view).updater(new Adam(0.01)).epochs(5).build().fit(digits.batches(40, DataType.FLOAT));
        AdapterView found = LoRAModel.of(Digits.network()).load("a", folder.resolve("model/adapter"));
        assertThat(Adapters.difference(found.adapter(), view.adapter())).isLessThan(1e-6);
    }

    /** The class path of the tests, without this test's own classes first if it is what a user submits. */
    private static Stream<String> classPath(boolean ofUser) {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(all.split(File.pathSeparator))
                .filter(entry -> new File(entry).exists())
                .filter(entry -> entry.matches(OF_USER) == ofUser);
    }

    private Process start(String classPath, String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(
                Arrays.asList(System.getProperty("lora4j.spark.opens", "").split("\\s+")));
        command.addAll(List.of("-Xmx1g", "-Dorg.nd4j.log.initialization=false", "-cp", classPath, main));
        command.addAll(Arrays.asList(arguments));
        command.removeIf(String::isEmpty);
        Process process = new ProcessBuilder(command).inheritIO().start();
        processes.add(process);
        return process;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean isOpen(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private Path jar(Path classes, int number) throws IOException {
        Path file = folder.resolve("classes-" + number + ".jar");
        try (OutputStream out = Files.newOutputStream(file);
                JarOutputStream jar = new JarOutputStream(out);
                Stream<Path> walk = Files.walk(classes)) {
            walk.filter(Files::isRegularFile).forEach(path -> {
                try {
                    jar.putNextEntry(
                            new JarEntry(classes.relativize(path).toString().replace('\\', '/')));
                    Files.copy(path, jar);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        return file;
    }
}
