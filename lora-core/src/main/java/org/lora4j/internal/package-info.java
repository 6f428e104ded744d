/** Native matrix products, reusable buffers, and loops on the Java heap. Not part of the API: any release can change it. */
@NullMarked
package org.lora4j.internal;

import org.jspecify.annotations.NullMarked;
