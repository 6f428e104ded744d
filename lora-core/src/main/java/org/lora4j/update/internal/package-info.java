/** How the update of a weight is computed: LoRA, DoRA, and rows of tokens. Not API. */
@NullMarked
package org.lora4j.update.internal;

import org.jspecify.annotations.NullMarked;
