/**
 * How a network computes: passes, and the interfaces that an update implements for them. Not part of the API: it
 * can change in any release.
 */
@NullMarked
package org.lora4j.nn.internal;

import org.jspecify.annotations.NullMarked;
