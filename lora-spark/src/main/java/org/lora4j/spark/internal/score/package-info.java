/** Scoring and generation: what the executors compute of the rows of a table. */
@NullMarked
package org.lora4j.spark.internal.score;

import org.jspecify.annotations.NullMarked;
