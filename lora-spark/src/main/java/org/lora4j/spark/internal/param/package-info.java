/** The values of the parameters by name, and parameters of other types than those of Spark. Imports no other package of this module. */
@NullMarked
package org.lora4j.spark.internal.param;

import org.jspecify.annotations.NullMarked;
