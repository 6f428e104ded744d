package org.lora4j.spark.internal.train;

import java.io.Serial;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction2;

/**
 * Brings the elements of all partitions to the driver, in their order, as {@link JavaRDD#collect} does. Spark reads its own class files
 * each time that it is given a function of Scala as it is in {@code collect}, to take out what need not be sent; in short steps the driver
 * spent much of its time with that. A function that is a class with a name is sent as it is.
 */
final class PartitionResults {
    private PartitionResults() {}

    private static final class Elements<T> extends AbstractFunction2<TaskContext, Iterator<T>, List<T>>
            implements Serializable {
        @Serial
        private static final long serialVersionUID = 1;

        @Override
        public List<T> apply(TaskContext context, Iterator<T> partition) {
            List<T> elements = new ArrayList<>();
            while (partition.hasNext()) {
                elements.add(partition.next());
            }
            return elements;
        }
    }

    /** Runs a job that computes the elements. */
    static <T> List<T> collect(JavaRDD<T> elements) {
        ClassTag<List<T>> type = ClassTag$.MODULE$.apply(List.class);
        @SuppressWarnings("unchecked") // Spark makes the array with the tag.
        List<T>[] partitions = (List<T>[]) elements.context().runJob(elements.rdd(), new Elements<T>(), type);
        List<T> all = new ArrayList<>();
        for (List<T> partition : partitions) {
            all.addAll(partition);
        }
        return all;
    }
}
