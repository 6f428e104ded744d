/** The threads that run parts of a loop. Not part of the API: any release can change it. */
@NullMarked
package org.lora4j.internal.threads;

import org.jspecify.annotations.NullMarked;
