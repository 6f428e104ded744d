/**
 * Adapters as data: their configuration, initialization, arrays and fit, and the seam by which they know a base model.
 */
@NullMarked
package org.lora4j.adapter;

import org.jspecify.annotations.NullMarked;
