/** Native memory and buffers that are used again. Not part of the API: any release can change it. */
@NullMarked
package org.lora4j.internal.memory;

import org.jspecify.annotations.NullMarked;
