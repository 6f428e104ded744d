/** Models and adapters on their way to the executors, and files on the file systems of Hadoop. */
@NullMarked
package org.lora4j.spark.internal.base;

import org.jspecify.annotations.NullMarked;
