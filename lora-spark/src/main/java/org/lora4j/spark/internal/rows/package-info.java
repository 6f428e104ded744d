/** The columns of a table, checked and read: rows become inputs, labels and texts. */
@NullMarked
package org.lora4j.spark.internal.rows;

import org.jspecify.annotations.NullMarked;
