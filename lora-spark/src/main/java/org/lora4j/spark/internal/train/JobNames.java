package org.lora4j.spark.internal.train;

import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;

/** Runs jobs under a name, which Spark's web page shows. */
final class JobNames {
    private static final String DESCRIPTION = "spark.job.description";

    private final JavaSparkContext spark;

    JobNames(JavaSparkContext spark) {
        this.spark = spark;
    }

    <T> T run(String name, Supplier<T> job) {
        @Nullable String before = spark.getLocalProperty(DESCRIPTION);
        spark.setLocalProperty(DESCRIPTION, name);
        try {
            return job.get();
        } finally {
            spark.setLocalProperty(DESCRIPTION, before);
        }
    }
}
