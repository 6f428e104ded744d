/**
 * The parameters of the stages: an interface for those that stages have together, and what is told of a training.
 *
 * <p>A stage implements the interfaces of its parameters, so {@code setRank} is the same on each estimator.
 */
@NullMarked
package org.lora4j.spark.param;

import org.jspecify.annotations.NullMarked;
