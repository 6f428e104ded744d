/** Files of texts: rows, data sets that are divided and shuffled, and the examples that are made of them. */
@NullMarked
package org.lora4j.text.data;

import org.jspecify.annotations.NullMarked;
