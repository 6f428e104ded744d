/** A training: the order of the rows, the rounds of the driver, and what the executors compute in them. */
@NullMarked
package org.lora4j.spark.internal.train;

import org.jspecify.annotations.NullMarked;
