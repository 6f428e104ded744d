/** Classifiers of texts: data, training, test. */
@NullMarked
package org.lora4j.cli.classify;

import org.jspecify.annotations.NullMarked;
