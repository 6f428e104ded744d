/**
 * What a network computes with in one call: segments of rows with their weights and gradients, keys and values of tokens
 * before, and buffers. Not part of the API: it can change in any release.
 */
@NullMarked
package org.lora4j.nn.batch.internal;

import org.jspecify.annotations.NullMarked;
