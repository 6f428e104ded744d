/** Benchmarks: those of JMH, and works that are compared with PyTorch. Both sides measure in the same way; see src/bench. */
@NullMarked
package org.lora4j.bench;

import org.jspecify.annotations.NullMarked;
