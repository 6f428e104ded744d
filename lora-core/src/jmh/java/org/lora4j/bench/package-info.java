/** Benchmarks: JMH's, and works that are measured the same way as their peers in Python (see src/bench). */
@NullMarked
package org.lora4j.bench;

import org.jspecify.annotations.NullMarked;
