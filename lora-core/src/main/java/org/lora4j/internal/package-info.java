/** Native products, buffers, and loops on the heap. Not part of the API: it can change in any release. */
@NullMarked
package org.lora4j.internal;

import org.jspecify.annotations.NullMarked;
