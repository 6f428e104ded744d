/**
 * Trains adapters on Apache Spark, and scores tables whose rows have an adapter each.
 *
 * <pre>{@code
 * LoRATransformer model = new LoRAEstimator()
 *         .setBasePath(path + "/base.safetensors") // on any file system of Hadoop
 *         .setRank(4)
 *         .setAlpha(8)
 *         .setNumWorkers(2)
 *         .fit(table);
 * model.transform(table).select("prediction").show(5);
 * }</pre>
 */
@NullMarked
package org.lora4j.spark;

import org.jspecify.annotations.NullMarked;
