/** Language models: examples, training, tests, generation. */
@NullMarked
package org.lora4j.cli.language;

import org.jspecify.annotations.NullMarked;
