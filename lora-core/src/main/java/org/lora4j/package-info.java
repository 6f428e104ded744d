/** Low-rank adaptation of frozen dense weights. */
@NullMarked
package org.lora4j;

import org.jspecify.annotations.NullMarked;
