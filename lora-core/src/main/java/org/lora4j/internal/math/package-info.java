/** Loops over rows and small matrices on the Java heap, and the seeds of random numbers. Not part of the API: any release can change it. */
@NullMarked
package org.lora4j.internal.math;

import org.jspecify.annotations.NullMarked;
