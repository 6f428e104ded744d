/**
 * Trains adapters on Apache Spark, and scores tables whose rows have an adapter each.
 *
 * <pre>{@code
 * LoRATransformer model = new LoRAEstimator()
 *         .setBasePath("hdfs:///models/base.safetensors")
 *         .setRank(4).setAlpha(8).setNumWorkers(8)
 *         .fit(table);
 * model.transform(table).select("prediction").show();
 * }</pre>
 */
@NullMarked
package org.lora4j.spark;

import org.jspecify.annotations.NullMarked;
