/** Trains adapters on Apache Spark, and scores tables whose rows have an adapter each. */
@NullMarked
package org.lora4j.spark;

import org.jspecify.annotations.NullMarked;
