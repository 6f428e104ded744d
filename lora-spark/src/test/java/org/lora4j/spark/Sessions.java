package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/** The sessions of the tests. A process has one at a time, so that a test that asks for another one ends the one before. */
final class Sessions {
    private static String master = "";
    private static @Nullable SparkSession current;

    private Sessions() {}

    /** Two threads of this process. */
    static SparkSession local() {
        return session("local[2]");
    }

    /** A master, two workers and two executors, which are processes of their own. Objects travel in the form of Kryo. */
    static SparkSession cluster() {
        return session("local-cluster[2,1,1024]");
    }

    /** The session of a master, after the one before it has ended. */
    static synchronized SparkSession session(String wanted) {
        if (!master.equals(wanted)) {
            stop();
            master = wanted;
        }
        SparkSession session = SparkSession.builder()
                .master(wanted)
                .appName("lora-spark tests")
                .config("spark.ui.enabled", false)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                // Wait for all executors.
                .config("spark.scheduler.minRegisteredResourcesRatio", 1.0)
                .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "2min")
                .config("spark.sql.shuffle.partitions", 3)
                .config("spark.sql.warehouse.dir", temporary("warehouse"))
                .config("spark.local.dir", temporary("local"))
                .config(
                        "spark.serializer",
                        wanted.startsWith("local-cluster")
                                ? KryoSerializer.class.getName()
                                : JavaSerializer.class.getName())
                .config("spark.executor.extraClassPath", classPath())
                .config("spark.executorEnv.OMP_NUM_THREADS", "1")
                // Each processor has a task, so a task divides nothing among processors.
                .config(
                        "spark.executor.extraJavaOptions",
                        "-XX:TieredStopAtLevel=1 -Dorg.nd4j.log.initialization=false"
                                + " -Djava.util.concurrent.ForkJoinPool.common.parallelism=0")
                .getOrCreate();
        current = session;
        return session;
    }

    /** Ends the session, and its processes. */
    static synchronized void stop() {
        if (current != null) {
            current.stop();
            current = null;
            master = "";
            SparkSession.clearActiveSession();
            SparkSession.clearDefaultSession();
        }
    }

    /** The class path of the tests, which the test runner hides in a jar. */
    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private static String temporary(String name) {
        try {
            return Files.createDirectories(Path.of("target", "spark", name).toAbsolutePath())
                    .toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
