/** Metrics of what models say of texts: classes, rankings, scores, and the perplexity of a language model. */
@NullMarked
package org.lora4j.text.metrics;

import org.jspecify.annotations.NullMarked;
